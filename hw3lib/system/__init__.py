"""The disk and the machine: whole files, locks, threads, devices, provenance, how errors are worded.

Knows nothing of images or captions.
"""
