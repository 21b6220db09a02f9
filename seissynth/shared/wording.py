"""Words of messages that depend on what they are about."""


def a_kind(value):
    """Return the type of a value with its article, for messages.

    Examples
    --------
    >>> a_kind({}), a_kind(1), a_kind(None)
    ('a dict', 'an int', 'None')
    """
    if value is None:
        return "None"
    name = type(value).__name__
    return f"{'an' if name[0] in 'AEIOaeiou' else 'a'} {name}"
