"""Which language a file is in, and what its grammar calls comments, strings and functions; parses nothing itself."""

import importlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tree_sitter import Language as Grammar
    from tree_sitter import Query


@dataclass(frozen=True, slots=True)
class Language:
    """A language: where its grammar is (empty: none, its comments are found by Pygments), and its kinds of nodes.

    `comments`, `strings` and `functions` are names of nodes of the grammar; `containers` those that give a function
    its qualified name (classes, modules, implementations); `kind` is code, data, markup or prose.
    """

    name: str
    package: str = ""
    factory: str = "language"
    comments: tuple[str, ...] = ("comment",)
    strings: tuple[str, ...] = ()
    functions: tuple[str, ...] = ()
    containers: tuple[str, ...] = ()
    kind: str = "code"


_JS_STRINGS = ("string", "template_string")
_JS_FUNCTIONS = (
    "function_declaration",
    "function_expression",
    "generator_function",
    "generator_function_declaration",
    "arrow_function",
    "method_definition",
)
_TS_CONTAINERS = (
    "class_declaration",
    "abstract_class_declaration",
    "class",
    "interface_declaration",
    "internal_module",
)
_C_STRINGS = ("string_literal", "raw_string_literal", "char_literal")

PYTHON = Language(
    "python",
    "tree_sitter_python",
    strings=("string",),
    functions=("function_definition",),
    containers=("class_definition",),
)
JAVASCRIPT = Language(
    "javascript",
    "tree_sitter_javascript",
    containers=("class_declaration", "class"),
    strings=_JS_STRINGS,
    functions=_JS_FUNCTIONS,
)
TYPESCRIPT = Language(
    "typescript",
    "tree_sitter_typescript",
    "language_typescript",
    containers=_TS_CONTAINERS,
    strings=_JS_STRINGS,
    functions=_JS_FUNCTIONS,
)
TSX = Language(
    "tsx",
    "tree_sitter_typescript",
    "language_tsx",
    containers=_TS_CONTAINERS,
    strings=_JS_STRINGS,
    functions=_JS_FUNCTIONS,
)
GO = Language(
    "go",
    "tree_sitter_go",
    strings=("interpreted_string_literal", "raw_string_literal"),
    functions=("function_declaration", "method_declaration", "func_literal"),
)
RUST = Language(
    "rust",
    "tree_sitter_rust",
    comments=("line_comment", "block_comment"),
    strings=("string_literal", "raw_string_literal"),
    functions=("function_item", "closure_expression"),
    containers=("impl_item", "trait_item", "mod_item"),
)
JAVA = Language(
    "java",
    "tree_sitter_java",
    comments=("line_comment", "block_comment"),
    strings=("string_literal",),
    functions=("method_declaration", "constructor_declaration", "compact_constructor_declaration", "lambda_expression"),
    containers=("class_declaration", "interface_declaration", "enum_declaration", "record_declaration"),
)
C = Language("c", "tree_sitter_c", strings=("string_literal", "char_literal"), functions=("function_definition",))
CPP = Language(
    "cpp",
    "tree_sitter_cpp",
    strings=_C_STRINGS,
    functions=("function_definition", "lambda_expression"),
    containers=("class_specifier", "struct_specifier", "namespace_definition"),
)
CSHARP = Language(
    "csharp",
    "tree_sitter_c_sharp",
    strings=("string_literal", "verbatim_string_literal", "raw_string_literal", "interpolated_string_expression"),
    functions=(
        "method_declaration",
        "constructor_declaration",
        "local_function_statement",
        "lambda_expression",
        "anonymous_method_expression",
        "accessor_declaration",
    ),
    containers=(
        "class_declaration",
        "interface_declaration",
        "struct_declaration",
        "record_declaration",
        "namespace_declaration",
    ),
)
RUBY = Language(
    "ruby",
    "tree_sitter_ruby",
    strings=("string", "heredoc_body"),
    functions=("method", "singleton_method", "lambda", "do_block", "block"),
    containers=("class", "module"),
)
PHP = Language(
    "php",
    "tree_sitter_php",
    "language_php",
    strings=("string", "encapsed_string", "heredoc", "nowdoc"),
    functions=("function_definition", "method_declaration", "anonymous_function", "arrow_function"),
    containers=("class_declaration", "interface_declaration", "trait_declaration", "namespace_definition"),
)
KOTLIN = Language(
    "kotlin",
    "tree_sitter_kotlin",
    comments=("line_comment", "block_comment"),
    strings=("string_literal", "multiline_string_literal"),
    functions=("function_declaration", "anonymous_function", "secondary_constructor", "lambda_literal"),
    containers=("class_declaration", "object_declaration", "companion_object"),
)
SWIFT = Language(
    "swift",
    "tree_sitter_swift",
    comments=("comment", "multiline_comment"),
    strings=("line_string_literal", "multi_line_string_literal", "raw_string_literal"),
    functions=("function_declaration", "init_declaration", "deinit_declaration", "lambda_literal"),
    containers=("class_declaration", "protocol_declaration"),
)
SHELL = Language(
    "shell",
    "tree_sitter_bash",
    strings=("string", "raw_string", "heredoc_body"),
    functions=("function_definition",),
)
HTML = Language("html", "tree_sitter_html", strings=("quoted_attribute_value",), kind="markup")
CSS = Language("css", "tree_sitter_css", comments=("comment", "js_comment"), strings=("string_value",), kind="markup")
VUE = Language(
    "vue",
    "tree_sitter_typescript",
    "language_typescript",
    containers=_TS_CONTAINERS,
    strings=_JS_STRINGS,
    functions=_JS_FUNCTIONS,
)
SVELTE = Language(
    "svelte",
    "tree_sitter_typescript",
    "language_typescript",
    containers=_TS_CONTAINERS,
    strings=_JS_STRINGS,
    functions=_JS_FUNCTIONS,
)
JSON = Language("json", "tree_sitter_json", strings=("string",), kind="data")
YAML = Language(
    "yaml",
    "tree_sitter_yaml",
    strings=("double_quote_scalar", "single_quote_scalar", "block_scalar"),
    kind="data",
)
TOML = Language("toml", "tree_sitter_toml", strings=("string",), kind="data")
MARKDOWN = Language("markdown", kind="prose")
SQL = Language("sql")
LINES = Language("text", kind="prose")
OTHER_CODE = Language("other")

_SUFFIXES: Mapping[str, Language] = {
    **dict.fromkeys((".py", ".pyi", ".pyw"), PYTHON),
    **dict.fromkeys((".js", ".mjs", ".cjs", ".jsx"), JAVASCRIPT),
    **dict.fromkeys((".ts", ".mts", ".cts"), TYPESCRIPT),
    ".tsx": TSX,
    ".go": GO,
    ".rs": RUST,
    ".java": JAVA,
    ".c": C,
    **dict.fromkeys((".h", ".cc", ".cpp", ".cxx", ".c++", ".hh", ".hpp", ".hxx", ".h++", ".ino", ".cu", ".inl"), CPP),
    **dict.fromkeys((".cs", ".csx"), CSHARP),
    **dict.fromkeys((".rb", ".rake", ".gemspec", ".ru"), RUBY),
    **dict.fromkeys((".php", ".phtml", ".php5", ".php7"), PHP),
    **dict.fromkeys((".kt", ".kts"), KOTLIN),
    ".swift": SWIFT,
    **dict.fromkeys((".sh", ".bash", ".zsh", ".ksh", ".bats"), SHELL),
    **dict.fromkeys((".html", ".htm", ".xhtml"), HTML),
    **dict.fromkeys((".css",), CSS),
    ".vue": VUE,
    ".svelte": SVELTE,
    **dict.fromkeys((".json", ".jsonc", ".json5", ".geojson", ".webmanifest"), JSON),
    **dict.fromkeys((".yaml", ".yml"), YAML),
    ".toml": TOML,
    **dict.fromkeys((".md", ".markdown", ".mdx", ".mkd"), MARKDOWN),
    **dict.fromkeys((".sql", ".ddl", ".pgsql", ".psql"), SQL),
    **dict.fromkeys((".txt", ".rst", ".adoc", ".asciidoc", ".org", ".tex", ".log", ".csv", ".tsv", ".po"), LINES),
}
_NAMES: Mapping[str, Language] = {
    **dict.fromkeys(("Rakefile", "Gemfile", "Vagrantfile", "Podfile", "Fastfile", "Guardfile"), RUBY),
    **dict.fromkeys(("SConstruct", "SConscript", "wscript"), PYTHON),
    **dict.fromkeys((".bashrc", ".bash_profile", ".profile", ".zshrc", "PKGBUILD"), SHELL),
    **dict.fromkeys(("README", "LICENSE", "COPYING", "NOTICE", "AUTHORS", "CHANGELOG", "CHANGES"), LINES),
    **dict.fromkeys(("Pipfile", "poetry.lock", "Cargo.lock", "uv.lock"), TOML),
    **dict.fromkeys((".babelrc", ".eslintrc", ".prettierrc"), JSON),
}
_SHEBANG = re.compile(r"^#!.*?\b(python|node|ruby|php|bash|sh|zsh|ksh|dash)[\d.]*(?:\s|$)")
_BY_PROGRAM: Mapping[str, Language] = {"python": PYTHON, "node": JAVASCRIPT, "ruby": RUBY, "php": PHP}


def language_of(path: str, text: str = "") -> Language:
    """Return the language of a file by its name, else by the first line of its text; OTHER_CODE where neither tells."""
    name = PurePosixPath(path).name
    found = _NAMES.get(name) or _SUFFIXES.get(PurePosixPath(name).suffix.lower())
    if found is not None:
        return found
    program = _SHEBANG.match(text[:200].partition("\n")[0])
    if program:
        return _BY_PROGRAM.get(program[1], SHELL)
    return OTHER_CODE


@cache
def grammar_of(language: Language) -> "Grammar | None":
    """Return a language's grammar, loaded once; None where it has none."""
    if not language.package:
        return None
    from tree_sitter import Language as Grammar

    return Grammar(getattr(importlib.import_module(language.package), language.factory)())


@cache
def query_of(language: Language) -> "Query | None":
    """Return the one query that finds a language's comments, strings, functions and errors; None without a grammar."""
    grammar = grammar_of(language)
    if grammar is None:
        return None
    from tree_sitter import Query

    parts = [f"({node}) @{name}" for name in ("comments", "strings", "functions") for node in getattr(language, name)]
    return Query(grammar, " ".join([*parts, "(ERROR) @errors", "(MISSING) @missing"]))
