"""The operating system, which there is none of: the library only looks whether this is here."""
