"""Files that nobody judged: which of them a strict check lets pass. It looks at names and reasons only."""

from cockpit.quality.languages import OTHER_CODE, language_of

BINARY = "binary"


def may_hide_code(path: str, reason: str) -> bool:
    """Tell whether a file that was not scanned may hold code; a binary file without a name of a language does not."""
    return reason != BINARY or language_of(path) is not OTHER_CODE
