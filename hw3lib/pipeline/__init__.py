"""Running it all: the steps of a report in their order, notebooks without a head, what is missing, what still holds."""
