"""The rules that judge what a change did to a file, one small module each; this is the one list of them."""

from cockpit.quality.rule import Rule
from cockpit.quality.rules import incomplete_code, logic_error, malformed_syntax, placeholder_dropped, security_risk

RULES: tuple[Rule, ...] = (
    placeholder_dropped.RULE,
    incomplete_code.RULE,
    malformed_syntax.RULE,
    security_risk.RULE,
    logic_error.RULE,
)
