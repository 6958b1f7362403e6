"""From captions, features and answers to numbers with intervals. Knows no profile and writes no file."""
