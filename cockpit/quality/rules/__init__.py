"""The rules that judge what a change did to a file, one small module each; this is the one list of them."""

from cockpit.quality.rule import Rule

RULES: tuple[Rule, ...] = ()
