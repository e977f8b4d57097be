"""How the key of an action is written, for texts that name one: the operator may have given it another."""


def key_of(action: str) -> str:
    """Return the key of an action as the operator has it."""
    from cockpit.ui.keys import BY_NAME  # whose reasons say such texts themselves

    return BY_NAME[action].shown
