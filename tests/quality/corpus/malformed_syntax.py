"""Changes for MALFORMED_SYNTAX: damage of many kinds done to files in each language, and honest changes like it.

All code here was written for this corpus. Each file below is broken in each way that applies to it; the honest changes
are whole, each with the reason why it must pass.
"""

# ruff: noqa: E501 -- a case is one line, so that the table can be read as one
from collections.abc import Iterator

from cockpit.quality.rule import Example

FILES = {
    "shop/stock.py": (
        'import json\n\n\nclass Stock:\n    """What is in store."""\n\n    def __init__(self, rows):\n'
        "        self.rows = {row['id']: row for row in rows}\n\n    def take(self, key, count):\n"
        "        if count > self.rows[key]['count']:\n            raise ValueError('too many')\n"
        "        self.rows[key]['count'] -= count\n        return self.rows[key]\n"
    ),
    "web/cart.js": (
        "const items = new Map()\n\nfunction add(id, count) {\n  if (count < 1) {\n    throw new Error('none')\n  }\n"
        "  items.set(id, (items.get(id) || 0) + count)\n  return items.size\n}\n\nmodule.exports = { add, items }\n"
    ),
    "web/price.ts": (
        "export interface Price {\n  amount: number\n  currency: string\n}\n\n"
        "export function show(price: Price): string {\n  const text = price.amount.toFixed(2)\n"
        "  return `${text} ${price.currency}`\n}\n"
    ),
    "web/Row.tsx": (
        "import React from 'react'\n\nexport function Row(props: { name: string; open: boolean }) {\n  return (\n"
        '    <li className="row">\n      {props.open ? <b>{props.name}</b> : props.name}\n    </li>\n  )\n}\n'
    ),
    "pkg/queue.go": (
        'package queue\n\nimport "errors"\n\ntype Queue struct {\n\titems []string\n}\n\n'
        'func (q *Queue) Pop() (string, error) {\n\tif len(q.items) == 0 {\n\t\treturn "", errors.New("empty")\n\t}\n'
        "\tfirst := q.items[0]\n\tq.items = q.items[1:]\n\treturn first, nil\n}\n"
    ),
    "src/tally.rs": (
        "use std::collections::HashMap;\n\npub fn tally(words: &[&str]) -> HashMap<String, usize> {\n"
        "    let mut counts = HashMap::new();\n    for word in words {\n"
        "        *counts.entry(word.to_string()).or_insert(0) += 1;\n    }\n    counts\n}\n"
    ),
    "src/Box.java": (
        "package shop;\n\npublic class Box {\n  private int weight;\n\n  public void load(int kilos) {\n"
        '    if (kilos < 0) {\n      throw new IllegalArgumentException("negative");\n    }\n'
        "    weight += kilos;\n  }\n}\n"
    ),
    "src/ring.c": (
        '#include <stdio.h>\n#include "ring.h"\n\nint ring_put(struct ring *r, int value) {\n'
        '    if (r->used == r->size) {\n        fprintf(stderr, "full\\n");\n        return -1;\n    }\n'
        "    r->data[(r->head + r->used) % r->size] = value;\n    r->used++;\n    return 0;\n}\n"
    ),
    "src/area.cpp": (
        "#include <vector>\n\nnamespace plan {\n\ndouble area(const std::vector<double>& sides) {\n  double all = 1;\n"
        '  for (double side : sides) {\n    if (side < 0) throw "negative";\n    all *= side;\n  }\n'
        "  return all;\n}\n\n}  // namespace plan\n"
    ),
    "src/Lamp.cs": (
        "using System;\n\nnamespace Home\n{\n    public class Lamp\n    {\n        public bool On { get; private set; }\n\n"
        "        public void Switch(string who)\n        {\n            On = !On;\n"
        '            Console.WriteLine("switched by " + who);\n        }\n    }\n}\n'
    ),
    "lib/book.rb": (
        "class Book\n  attr_reader :title\n\n  def initialize(title)\n    @title = title\n  end\n\n  def short(limit)\n"
        '    if title.length > limit\n      title[0, limit] + "..."\n    else\n      title\n    end\n  end\nend\n'
    ),
    "src/Mail.php": (
        "<?php\n\nnamespace App;\n\nclass Mail\n{\n    private array $to = [];\n\n    public function to(string $address): self\n"
        "    {\n        if ($address === '') {\n            throw new \\Exception('empty');\n        }\n"
        "        $this->to[] = $address;\n        return $this;\n    }\n}\n"
    ),
    "src/Clock.kt": (
        "package home\n\nclass Clock(private val now: () -> Long) {\n    fun since(start: Long): String {\n"
        '        val seconds = (now() - start) / 1000\n        if (seconds < 60) {\n            return "just now"\n        }\n'
        '        return "${seconds / 60} min"\n    }\n}\n'
    ),
    "Sources/Path.swift": (
        "import Foundation\n\nstruct Path {\n    var parts: [String]\n\n    func joined() -> String {\n"
        '        guard !parts.isEmpty else {\n            return "/"\n        }\n'
        '        return parts.joined(separator: "/")\n    }\n}\n'
    ),
    "bin/pack.sh": (
        '#!/bin/sh\nset -eu\n\npack() {\n  for file in "$@"; do\n    if [ -f "$file" ]; then\n'
        '      tar rf out.tar "$file"\n    fi\n  done\n}\n\npack a b c\n'
    ),
    "web/page.css": (
        "body {\n  margin: 0;\n  color: #333;\n}\n\n.card > a:hover {\n  background: url('a.png');\n  padding: 2px 4px;\n}\n"
    ),
    "conf/app.json": '{\n  "name": "shop",\n  "ports": [80, 443],\n  "log": {\n    "level": "info"\n  }\n}\n',
    "conf/app.toml": '[server]\nhost = "localhost"\nports = [\n  80,\n  443,\n]\n\n[log]\nlevel = "info"\n',
    "conf/app.yaml": 'server:\n  host: "localhost"\n  ports: [80, 443]\nlog:\n  level: info\n  to:\n    - file\n    - screen\n',
    "web/Card.vue": (
        '<template>\n  <div class="card">\n    <p @click="open(item)">{{ item.name }}</p>\n  </div>\n</template>\n\n'
        "<script>\nexport default {\n  props: ['item'],\n  methods: {\n    open(item) {\n      this.$emit('open', item)\n"
        "    }\n  }\n}\n</script>\n\n<style>\n.card {\n  margin: 2px;\n}\n</style>\n"
    ),
}
# What of each file is put in what place, so that it cannot be read any more.
LOST = {
    "shop/stock.py": (("count):", "count)"), ("__init__(", "__init__"), ("'too many'", "'too many"), ("            raise", "raise")),
    "web/cart.js": (("< 1) {", "< 1) "), ("  }\n", ""), ("'none'", "'none"), ("|| 0)", "|| 0")),
    "web/price.ts": (("{text}", "{text"), ("string\n}\n", "string\n"), ("toFixed(", "toFixed"), ("= price", "= = price")),
    "web/Row.tsx": (("    </li>\n", ""), ("  )\n", ""), ('"row"', '"row'), ("</b>", "")),
    "pkg/queue.go": (("struct {", "struct "), ("New(", "New"), ('"empty"', '"empty'), ("first := ", "first := := ")),
    "src/tally.rs": (("    }\n", ""), ("insert(0", "insert0"), ("&str])", "&str]"), ("in words", "words")),
    "src/Box.java": (("kilos)", "kilos"), ("    }\n", ""), ('"negative"', '"negative'), ("weight += kilos;", "weight += ;")),
    "src/ring.c": (("    }\n", ""), ("(r->head", "r->head"), ('"full\\n"', '"full\\n'), ("r->used++;", "r->used++")),
    "src/area.cpp": (("  }\n", ""), ("sides)", "sides"), ('"negative"', '"negative'), ("double all = 1", "double all = = 1")),
    "src/Lamp.cs": (("    {\n", "    \n"), ("who)\n", "who\n"), ('"switched by "', '"switched by '), ("= !On;", "= ;")),
    "lib/book.rb": (("    end\n", ""), ("e(title)", "e(title"), ('"..."', '"...'), ("[0, limit]", "[0, limit")),
    "src/Mail.php": (("        }\n", ""), ("to(string", "to string"), ("'empty'", "'empty"), ("[];", "[;")),
    "src/Clock.kt": (("        }\n", ""), ("(now()", "now()"), ('"just now"', '"just now'), ("(seconds <", "(seconds < <")),
    "Sources/Path.swift": (("        }\n", ""), ("(separator", "separator"), ('"/"\n', '"/\n'), ("[String]", "[String")),
    "bin/pack.sh": (("    fi\n", ""), ("; do", ";"), ('-f "$file"', '-f "$file'), ("\n}\n", "\n}\n}\n")),
    "web/page.css": (("333;\n}", "333;"), ("url('a.png')", "url('a.png'"), (".card > a:hover {", ".card > a:hover")),
    "conf/app.json": (("443]", "443"), ('"shop"', '"shop'), ("],\n", "]\n"), ('"info"', '"info",')),
    "conf/app.toml": (("  443,\n]", "  443,\n"), ('"localhost"', '"localhost'), ("[server]", "[server"), ('= "info"', '= info"')),
    "conf/app.yaml": (("443]", "443"), ('"localhost"', '"localhost'), ("  host:", "    host:"), ("  ports: ", "\tports: ")),
    "web/Card.vue": (("  </div>\n", ""), ("open(item) {", "open(item {"), (".card {", ".card "), ('"open(item)"', '"open(item"')),
}  # fmt: skip


def _lost(path: str, text: str) -> Iterator[Example]:
    for old, new in LOST[path]:
        assert old in text, (path, old)
        yield Example(f"{old!r} became {new!r}", path, text, text.replace(old, new, 1), True)
    lines = text.splitlines(keepends=True)
    n = next(n for n in range(len(lines) // 2 - 1, len(lines)) if len(lines[n].strip()) > 8)
    yield Example("cut off in a line", path, text, "".join(lines[:n]) + lines[n][:-3], True)


def _pasted(path: str, text: str) -> Iterator[Example]:
    lines = text.splitlines(keepends=True)
    half = len(lines) // 2
    top, middle, rest = "".join(lines[:half]), "".join(lines[half : half + 2]), "".join(lines[half + 2 :])
    suffix = path.rpartition(".")[2]
    yield Example("conflict", path, text, f"{top}<<<<<<< ours\n{middle}=======\n{middle}>>>>>>> topic\n{rest}", True)
    yield Example("half a conflict", path, text, f"{top}{middle}>>>>>>> 4f1c2d9 (Let it go on)\n{rest}", True)
    yield Example("fences around it", path, text, f"```{suffix}\n{text}```\n", True)
    yield Example("fences around a new file", path, None, f"```\n{text}```\n", True)
    yield Example("a fence at the end", path, text, f"{text}```\n", True)
    yield Example("chat first", path, text, f"Here is what you asked for, with both changes made:\n\n{text}", True)
    yield Example("chat last", path, text, f"{text}\nI have left the other parts as they were.\n", True)
    yield Example("a patch", path, text, f"{top}@@ -{half},2 +{half},2 @@\n{middle}{rest}", True)
    yield Example("plus signs", path, text, top + "".join("+" + one for one in lines[half:]), True)
    numbered = "".join(f"{n:4d}\t{one}" for n, one in enumerate(lines, 1))
    yield Example("line numbers", path, text, numbered, True)
    yield Example("end mark of a tool", path, text, f"{text}</file>\n", True)


def _honest(path: str, text: str) -> Iterator[Example]:
    lines = text.splitlines(keepends=True)
    yield Example("nothing but a blank line more", path, text, text + "\n", False)
    yield Example("a whole new file", path, None, text, False)
    yield Example("carriage returns", path, text, text.replace("\n", "\r\n"), False)
    yield Example("it was broken before", path, text.replace(lines[-2], ""), text, False)


CLEAN = (
    Example("Python 2", "old.py", "print 'a'\n", "print 'a'\nexec 'b' in c\n", False),
    Example("Python 2, new", "old.py", None, "try:\n    f()\nexcept E, e:\n    print >>log, `e`, 0777\n", False),
    Example("newer Python", "new.py", "x = 1\n", "x = 1\ntype Row[T] = list[T]\n\n\ndef f[T](a: T) -> T:\n    return a\n", False),
    Example("nested quotes", "new.py", "x = 1\n", "x = 1\ny = f'{x[\"a\"]} {d['b']}'\n", False),
    Example("it did not parse before", "a.py", "def f(:\n  x\n", "def f(:\n  x\n  y\n", False),
    Example("conflict markers as data", "t.py", "A = 1\n", 'A = 1\nB = """\n<<<<<<< a\n1\n=======\n2\n>>>>>>> b\n"""\n', False),
    Example("a heading's line", "a.rst", "A\n", "A\n\nTitle of it\n=======\n\ntext\n", False),
    Example("markers explained", "a.md", "# A\n", "# A\n\n```\n<<<<<<< HEAD\na\n=======\nb\n>>>>>>> topic\n```\n", False),
    Example("fences in Markdown", "a.md", "# A\n", "# A\n\n```py\nx = 1\n```\n", False),
    Example("fences in a docstring", "a.py", "x = 1\n", '"""Use it:\n\n```\nf(1)\n```\n"""\n\nx = 1\n', False),
    Example("fences in a comment", "a.js", "f()\n", "/*\n```js\nf()\n```\n*/\nf()\n", False),
    Example("fences in a doc comment", "a.rs", "fn f() {}\n", "/// ```\n/// f();\n/// ```\nfn f() {}\n", False),
    Example("JSON with comments", "tsconfig.json", None, '{\n  // strict\n  "a": 1,\n}\n', False),
    Example("comments in JSON that had some", "a.json", '{ // a\n "a": 1 }\n', '{ // b\n "a": 2, }\n', False),
    Example("one JSON a line", "log.json", None, '{"a": 1}\n{"a": 2}\n', False),
    Example("broken JSON as data of a test", "tests/data/open.json", None, '{"a": [1, 2\n', False),
    Example("templated YAML", "chart/a.yaml", None, "a: {{ .Values.a }}\n{{- if .b }}\nb: 1\n{{- end }}\n", False),
    Example("a template in YAML", "a.yaml", "a: 1\n", "a: 1\nb: {{ name }}\n{% if c %}\nc: 2\n{% endif %}\n", False),
    Example("an expression in YAML", "a.yml", "a: 1\n", "a: 1\nb: ${{ matrix.os }}\n", False),
    Example("tags and documents", "a.yaml", "a: 1\n", "--- !Ref\na: !Sub {b: 1}\n---\nc: *d\n", False),
    Example("equal signs in a comment", "a.py", "x = 1\n", "# =======\n# Title\n# =======\nx = 1\n", False),
    Example("macros", "a.cpp", "int f();\n", 'int f();\n\nTEST_CASE("f")\n{\n    CHECK(f() == 1);\n}\n', False),
    Example("macros of namespaces", "a.hpp", "int f();\n", "LIB_BEGIN\nLIB_API int f();\nLIB_END\n", False),
    Example("loops by macro", "a.c", "int f(void) { return 1; }\n", "int f(void) {\n  each_item(a, b) {\n    g(a);\n  }\n  return 1;\n}\n", False),
    Example(
        "both branches open a block",
        "a.c",
        "int f(int a) {\n  if (a) {\n    g();\n  }\n  return 1;\n}\n",
        "int f(int a) {\n#ifdef BIG\n  if (a > 1) {\n#else\n  if (a) {\n#endif\n    g();\n  }\n  return 1;\n}\n",
        False,
    ),
    Example("old error handling", "a.rs", "fn f() {}\n", "fn f() -> R {\n    let a = try!(g());\n    Ok(a)\n}\n", False),
    Example("a patch is a patch", "a.patch", None, "--- a/x\n+++ b/x\n@@ -1 +1 @@\n-a\n+b\n", False),
    Example("items in Markdown", "a.md", "# A\n", "# A\n\n+ one\n+ two\n+ three\n", False),
    Example("here-document", "a.sh", "#!/bin/sh\n", "#!/bin/sh\ncat <<EOF\nHere is the list that you want:\nEOF\n", False),
    Example("prose in YAML", "a.yaml", "a: 1\n", "a: 1\nb: |\n  This is what you get for it.\n  And so on.\n", False),
    Example("words in a comment", "a.sh", "ls\n", "# Here is the list that you want:\nls\n", False),
    Example("a page of a template", "a.html", None, '{% block a %}\n<div>\n  <a href="{{ b("c") }}">d</a>\n{% endblock %}\n', False),
    Example("items left open", "a.html", "<ul>\n<li>a</li>\n</ul>\n", "<ul>\n<li>a\n<li>b\n</ul>\n", False),
    Example("two ways to begin", "a.html", "<p>a</p>\n", "{% if a %}<div class=a>{% else %}<div>{% endif %}\n</div>\n", False),
    Example("numbers as keys", "a.yaml", "a: 1\n", "1: a\n2: b\n3: c\n", False),
    Example("a table of numbers", "a.csv", "a\n", "1\ta\n2\tb\n3\tc\n", False),
    Example("a shortened last line", "a.txt", "one two\n", "one", False),
    Example("code in PHP and a page", "a.php", "<p>a</p>\n", "<p>a</p>\n<?php if ($a): ?>\n<b>c</b>\n<?php endif ?>\n", False),
    Example("JSX in plain script", "a.js", "f()\n", "const a = <b>{c}</b>\n", False),
    Example("regular expressions", "a.js", "f()\n", "f(/[(\"'`{]/g)\n", False),
    Example("sign in column one", "a.c", "int a = 1\n+ 2;\n", "int a = 1\n+ 2\n+ 3;\n", False),
)  # fmt: skip

BROKEN = (
    Example("an end too many", "a.rb", "def f\n  1\nend\n", "def f\n  1\nend\nend\n", True),
    Example("a sentence between functions", "a.cs", None, "class A {\n  void F() { G(); }\nNext, add the method that stops it:\n  void H() { }\n}\n", True),
    Example("cut in a class", "a.rs", None, "impl A {\n    fn f(&self) -> u8 {\n        try!(g());\n", True),
    Example("a closing tag of a tool", "a.swift", "let a = 1\n", "let a = 1\n</replacement>\n", True),
    Example("entities", "a.c", "int f(struct s *a) {\n  return a->b;\n}\n", "int f(struct s *a) {\n  return a-&gt;b;\n}\n", True),
    Example("lines joined", "a.c", "#include <a.h>\n#include <b.h>\nint c;\n", "#include <a.h>\\n#include <b.h>\\nint c;\n", True),
    Example("half a pair of a diff", "a.rb", None, "class A\n-  def first_one(a)\n+  def first_two(a)\n    a\n  end\nend\n", True),
    Example("the middle of a conflict alone", "a.cpp", "X_API_(f)\nint a;\nint b;\n", "X_API_(f)\nint a;\n=======\nint b;\n", True),
    Example("a condition left open", "a.h", "#ifndef A_H\n#define A_H\nint a;\n#endif\n", "#ifndef A_H\n#define A_H\nint a;\n", True),
    Example("a comment left open", "a.c", "int a;\n/* one */\nint b;\n", "int a;\n/* one\nint b;\n", True),
    Example("a fence with a name", "a.go", None, "```go pkg/a.go\npackage a\n```\n", True),
    Example("lines with their numbers", "a.java", None, "class A {\n2: int a;\n3: int b;\n4: int c;\n5: int d;\n}\n", True),
    Example("a keyword misspelt", "a.swift", "func f() {\n    g()\n    return\n}\n", "func f() {\n    g()\n    retrun\n}\n", True),
    Example("a keyword doubled", "a.kts", "val a by b.c\n", "val val a by b.c\n", True),
    Example("two statements in one", "a.kt", "fun f(): Int {\n  save(1)\n  return x\n}\n", "fun f(): Int {\n  save(1) return x\n}\n", True),
    Example("a comma lost before a name", "a.c", 'int f() { return g("a %s",\n  name, b); }\n', 'int f() { return g("a %s"\n  name, b); }\n', True),
    Example("a literal where a name should be", "a.java", "class A {\n  boolean f() {\n    return false;\n  }\n}\n", "class A {\n  boolean f() {\n    eturn false;\n  }\n}\n", True),
    Example("a name lost that has no kind", "a.cs", "using A.B;\nclass C {}\n", "using A.;\nclass C {}\n", True),
    Example("prose between commands", "a.sh", "if a; then\n  b\nfi\n", "if a; then\n  After that, we call the new function from here.\n  b\nfi\n", True),
    Example("PHP as a page would write it", "a.php", "<?php\n$a->b();\n", "&lt;?php\n$a-&gt;b();\n", True),
    Example("a name that Kotlin lets be", "a.kt", "fun f() {\n}\n", "fun f() {\n  val a = t.insert {\n    it[x] = 0\n  } get t.id\n}\n", False),
    Example("types that unwrap themselves", "a.swift", "func f() {\n}\n", "func f() {\n  d.x = { (s: A!, r: B!) in\n    return r\n  }\n  a.lock() ; defer { a.unlock() }\n}\n", False),
    Example("an entry of a dictionary", "a.cs", "class A { }\n", "class A { void F() {\n  var n = new D<T, U>(s) { [k] = v };\n} }\n", False),
    Example("a statement given to a macro", "a.cc", "void f() {\n}\n", 'void f() {\n  EXPECT_THROW(throw a::b("x"), std::exception);\n}\n', False),
    Example("a macro before a constructor", "a.hpp", "class A {\n};\n", "class A {\n  X_CONSTEXPR part(int a) X_NOEXCEPT : a_(a) {}\n  explicit X_CONSTEXPR part(long a) : a_(a) {}\n};\n", False),
    Example("macros in a template", "a.hpp", "void g();\n", "template <typename T, X_ENABLE_IF(!is_b<T>::value)>\nvoid f(T t);\nvoid g();\n", False),
    Example("a text that is included", "a.c", "int a;\n", 'static const char *const a =\n#include "a.inc"\n;\nint b;\n', False),
    Example("a mark of the order of bytes", "a.cs", "\ufeffusing A;\nclass B { }\n", "\ufeff#if C\nusing A;\nclass B { }\n#endif\n", False),
    Example("another shell", "a.sh", "#!/usr/bin/env zsh\na\n", '#!/usr/bin/env zsh\nlocal b="${${0:a}:h}/c"\n', False),
    Example("data broken on purpose", "tests/data/cases/a.py", None, "def async():\n    pass\n", False),
    Example("a component's style lost its end", "a.svelte", "<script>\n  let a;\n</script>\n\n<style>\n  p { margin: 0 }\n</style>\n", "<script>\n  let a;\n</script>\n\n<style>\n  p { margin: 0 }\n", True),
    Example("a component's template lost its beginning", "a.vue", '<template>\n  <svg a="1">\n    <path />\n  </svg>\n</template>\n', '\n  <svg a="1">\n    <path />\n  </svg>\n</template>\n', True),
    Example("written by a command", "a.py", "a = 1\n", "cat > a.py <<'EOF'\na = 1\nEOF\n", True),
    Example("PHP begun twice", "a.php", "<?php\nclass A\n{\n    private $b;\n}\n", "<?php\nclass A\n{\n<?php\nclass A\n{\n    private $b;\n}\n", True),
    Example("a bracket lost in a condition", "a.h", "#if (A * 2 + B) < 3\nint a;\n#endif\n", "#if (A * 2 + B < 3\nint a;\n#endif\n", True),
    Example("a page that is an element of its own", "a.html", None, '<my-element a="b">\n  <p>c</p>\n</my-element>\n', False),
    Example("a comment where comments may be", "b/tsconfig.json", '{"a": 1}\n', '// why\n{"a": 1}\n', False),
    Example("a template far from the damage", "a.toml", None, '[a]\nb = "__c__"\nd = 1\ne = 2\nf = 3\ng = ""h"\n', True),
    Example("a method named end", "a.rb", "x = 1\n", "x = r.end\ny = end_of(x)\n", False),
    Example("types given to macros", "a.c", "int f(void) { return 1; }\n", "int f(void) {\n  char *s = va_arg(ap, char *);\n  switch (*s) {\n  case KIND_A: return 1;\n  }\n  return 0;\n}\n", False),
    Example("macros one after the other", "a.cpp", "void f();\n", "void f() {\n  CAPTURE(a)\n  CAPTURE(b)\n  g();\n}\n", False),
    Example("two names bound at once", "a.swift", None, "func f() {\n    if let a = b.last,\n        c = d.last\n    {\n        g()\n    } else {\n        h()\n    }\n}\n", False),
    Example("entities in a text", "a.go", "package a\n", 'package a\n\nvar s = "a &lt;b&gt; &amp;&amp; c"\n', False),
)  # fmt: skip


def _all() -> Iterator[Example]:
    for path, text in FILES.items():
        yield from _lost(path, text)
        yield from _pasted(path, text)
        yield from _honest(path, text)
    yield from BROKEN
    yield from CLEAN


EXAMPLES = tuple(_all())
