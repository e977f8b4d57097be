"""What agents and the operator say to each other, as a snapshot keeps it: questions, messages, replies. Pure."""

from msgspec import Struct

OPERATOR, AUTOMATIC, TIMEOUT, ENDED = "operator", "automatic", "timeout", "ended"
"""How a question was closed: by a human, by a reply given beforehand, unanswered in time, or with its run."""
INBOX, PROMPT, TALK = "inbox", "prompt", "talk"
"""How a message reached the agent that it was for."""
ALWAYS = "always"
"""What an order says that gives an answer for the next time, too."""


class Question(Struct, frozen=True):
    """What an agent asks the operator; `how` says how it was closed and is empty while it is open.

    `choices` are answers that the agent offers; any other text may be answered too. Times are seconds since the epoch.
    """

    id: str
    workstream: str
    leg: str
    run: str
    text: str
    choices: tuple[str, ...] = ()
    by: str = ""
    at: float = 0.0
    answer: str = ""
    answered_by: str = ""
    how: str = ""
    ended: float = 0.0

    @property
    def open(self) -> bool:
        """Say whether it still waits for its answer."""
        return not self.how

    def chosen(self, text: str) -> int | None:
        """Return the number of the choice that what was typed is; None where it is an answer in words."""
        return next((number for number in range(1, len(self.choices) + 1) if text == str(number)), None)


class Message(Struct, frozen=True):
    """What the agent of one workstream tells that of another; `read` says how it arrived, empty while it has not.

    Without a `sender` it is what the operator told it: who that was is `by`.
    """

    id: str
    sender: str
    to: str
    text: str
    run: str = ""
    at: float = 0.0
    read: str = ""
    by: str = ""


class Standing(Struct, frozen=True):
    """A reply that the operator gave for the next time, too: to this question, word for word."""

    question: str
    reply: str
    by: str = ""
