"""Changes for PLACEHOLDER_DROPPED: notes in place of code in many wordings and languages, and honest changes like them.

All code here was written for this corpus. A wording is put in place of a part of one of the files below; the honest
changes are whole, each with the reason why it must pass.
"""

# ruff: noqa: E501, Q003 -- a case is one line where it can be, so that the table can be read as one
from collections.abc import Iterator

from cockpit.quality.rule import Example

FILES = {
    "shop/orders.py": '''\
import json
from decimal import Decimal


class Orders:
    def __init__(self, store):
        self.store = store
        self.lines = []

    def add(self, article, count):
        """Add an article."""
        if count <= 0:
            raise ValueError(count)
        price = self.store.price_of(article)
        self.lines.append((article, count, price))
        return price * count

    def total(self):
        amount = Decimal(0)
        for _, count, price in self.lines:
            amount += count * price
        return amount

    def dump(self, path):
        rows = [{"article": a, "count": c} for a, c, _ in self.lines]
        with open(path, "w") as file:
            json.dump(rows, file)
''',
    "src/queue.ts": """\
import { Task } from "./task";
import { delay } from "./delay";

export class Queue {
  private waiting: Task[] = [];

  push(task: Task): number {
    if (task.done) {
      return this.waiting.length;
    }
    this.waiting.push(task);
    this.waiting.sort((a, b) => a.rank - b.rank);
    return this.waiting.length;
  }

  async drain(): Promise<void> {
    while (this.waiting.length > 0) {
      const task = this.waiting.shift()!;
      await task.run();
      await delay(task.pause);
    }
  }

  size(): number {
    return this.waiting.length;
  }
}
""",
    "pkg/cache/cache.go": """\
package cache

import "sync"

type Cache struct {
	mu   sync.Mutex
	held map[string][]byte
}

func (c *Cache) Put(key string, value []byte) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if _, ok := c.held[key]; ok {
		return false
	}
	c.held[key] = value
	return true
}

func (c *Cache) Sweep(limit int) int {
	swept := 0
	for key, value := range c.held {
		if len(value) > limit {
			delete(c.held, key)
			swept++
		}
	}
	return swept
}
""",
    "src/lexer.rs": """\
pub struct Lexer<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Lexer<'a> {
    pub fn word(&mut self) -> Option<&'a str> {
        let rest = &self.text[self.at..];
        let start = rest.find(|c: char| c.is_alphanumeric())?;
        let end = rest[start..].find(' ').unwrap_or(rest.len() - start);
        self.at += start + end;
        Some(&rest[start..start + end])
    }

    pub fn count(&mut self) -> usize {
        let mut n = 0;
        while self.word().is_some() {
            n += 1;
        }
        n
    }
}
""",
    "src/main/java/Ledger.java": """\
package books;

import java.util.ArrayList;
import java.util.List;

public class Ledger {
    private final List<Entry> entries = new ArrayList<>();

    public void book(Entry entry) {
        if (entry.amount() == 0) {
            throw new IllegalArgumentException("empty entry");
        }
        entries.add(entry);
        entries.sort(Entry::compareTo);
    }

    public long balance(String account) {
        long sum = 0;
        for (Entry entry : entries) {
            if (entry.account().equals(account)) {
                sum += entry.amount();
            }
        }
        return sum;
    }
}
""",
    "src/ring.c": """\
#include <stdlib.h>
#include <string.h>

struct ring { char *data; size_t size, head; };

int ring_put(struct ring *ring, const char *text) {
    size_t length = strlen(text);
    if (length > ring->size) {
        return -1;
    }
    memcpy(ring->data + ring->head, text, length);
    ring->head = (ring->head + length) % ring->size;
    return 0;
}

void ring_free(struct ring *ring) {
    free(ring->data);
    ring->data = NULL;
    ring->size = 0;
}
""",
    "Mail/Sender.cs": """\
using System.Collections.Generic;

namespace Mail
{
    public class Sender
    {
        private readonly List<string> sent = new List<string>();

        public bool Send(string to, string text)
        {
            if (string.IsNullOrEmpty(to))
            {
                return false;
            }
            var letter = Wrap(to, text);
            sent.Add(letter);
            return true;
        }

        private static string Wrap(string to, string text)
        {
            var head = "To: " + to;
            var tail = "Length: " + text.Length;
            return string.Join("\\n", head, tail, text);
        }
    }
}
""",
    "lib/planner.rb": """\
require "date"

class Planner
  def initialize(days)
    @days = days
    @taken = {}
  end

  def take(day, who)
    raise ArgumentError, day unless @days.include?(day)
    return false if @taken.key?(day)
    @taken[day] = who
    log("#{who} takes #{day}")
    true
  end

  def free
    open = @days - @taken.keys
    open.select { |day| day > Date.today }.sort
  end
end
""",
    "app/Basket.php": """\
<?php

namespace App;

class Basket
{
    private array $lines = [];

    public function add(string $article, int $count): float
    {
        if ($count < 1) {
            throw new \\InvalidArgumentException('count');
        }
        $price = $this->prices->of($article);
        $this->lines[] = [$article, $count, $price];
        return $price * $count;
    }

    public function total(): float
    {
        $sum = 0.0;
        foreach ($this->lines as [, $count, $price]) {
            $sum += $count * $price;
        }
        return $sum;
    }
}
""",
    "app/Timer.kt": """\
package app

class Timer(private val clock: Clock) {
    private val marks = mutableListOf<Long>()

    fun mark(): Long {
        val now = clock.now()
        if (marks.isNotEmpty() && marks.last() > now) {
            throw IllegalStateException("the clock went back")
        }
        marks.add(now)
        return now
    }

    fun spans(): List<Long> {
        val found = mutableListOf<Long>()
        for (n in 1 until marks.size) {
            found.add(marks[n] - marks[n - 1])
        }
        return found
    }
}
""",
    "Sources/Track.swift": """\
import Foundation

struct Track {
    var points: [Point] = []

    mutating func add(_ point: Point) -> Bool {
        guard point.isValid else {
            return false
        }
        if let last = points.last, last.time > point.time {
            points.sort { $0.time < $1.time }
        }
        points.append(point)
        return true
    }

    func length() -> Double {
        var sum = 0.0
        for n in 1..<points.count {
            sum += points[n].distance(to: points[n - 1])
        }
        return sum
    }
}
""",
    "bin/backup.sh": """\
#!/bin/sh
set -eu

target=$1

pack() {
    mkdir -p "$target"
    for folder in /srv/*; do
        name=$(basename "$folder")
        tar -czf "$target/$name.tgz" "$folder"
        echo "packed $name"
    done
}

prune() {
    find "$target" -name '*.tgz' -mtime +30 > "$target/old"
    while read -r file; do
        rm "$file"
    done < "$target/old"
}

pack
prune
""",
    "db/schema.sql": """\
create table customer (
  id integer primary key,
  name text not null,
  joined date not null
);

create table invoice (
  id integer primary key,
  customer integer references customer (id),
  amount numeric not null,
  paid boolean default false
);

create index invoice_customer on invoice (customer);
create view open_invoice as
  select * from invoice where not paid;
""",
    "web/page.html": """\
<!doctype html>
<html>
<head><title>Stations</title></head>
<body>
  <h1>Stations</h1>
  <table>
    <tr><th>Name</th><th>Height</th></tr>
    <tr><td>Arn</td><td>812</td></tr>
    <tr><td>Bell</td><td>1204</td></tr>
    <tr><td>Cor</td><td>96</td></tr>
  </table>
  <footer>
    <a href="/imprint">Imprint</a>
    <a href="/contact">Contact</a>
  </footer>
</body>
</html>
""",
    "web/style.css": """\
body {
  margin: 0;
  font-family: serif;
}

.menu {
  display: flex;
  gap: 1rem;
}

.menu a {
  color: black;
  padding: 0.5rem;
}

.menu a:hover {
  color: crimson;
}
""",
    "deploy/app.yaml": """\
name: stations
replicas: 3
ports:
  - 80
  - 443
env:
  LEVEL: info
  REGION: north
  CACHE: "on"
volumes:
  data: /srv/data
  logs: /srv/logs
""",
    "tool.toml": """\
[tool]
name = "stations"
level = 3

[paths]
source = "src"
build = "out"
cache = ".cache"

[limits]
files = 2000
bytes = 1048576
""",
}

_HASH, _DASH, _SLASH = (
    ("py", "rb", "sh", "yaml", "toml"),
    ("sql",),
    ("ts", "go", "rs", "java", "c", "cs", "php", "kt", "swift"),
)

# What a note says; each stands in a few of the files, in place of different parts of them.
WORDINGS = """
... rest of the code remains the same ...
rest of the code is unchanged
... existing code ...
existing code here
(other methods remain the same)
Remaining methods unchanged
remaining implementation
The rest stays exactly as it was
Everything else is as before
everything below is unchanged
same as before
same as the original
[unchanged]
unchanged
no changes here
not modified
Omitted for brevity
details omitted
[... snip ...]
--- cut here, the remaining code is identical ---
(truncated)
... (truncated due to length)
[rest of the file truncated]
previous implementation stays
previous code goes here
original logic here
original body
Keep the existing logic as is
keep what was here
leave the remaining part untouched
insert the old code here
paste the original implementation here
copy the rest from the previous version
see the original file for the rest
refer to the earlier answer for this part
as provided above
full implementation as in the previous message
code not shown
not repeated here
skipping unchanged lines
lines omitted
4 more lines, unchanged
body elided
abbreviated
shortened to save space
ditto
etc.
and so on for the others
continues as in the original
... continued ...
The implementation continues here
other fields stay as they are
all other settings unchanged
I left out the parts that did not change
Only the changed part is shown
This function did not change
placeholder for the existing logic
actual implementation goes here
your existing code
boilerplate unchanged
rest of teh code unchagned
exisitng implmentation
...
…
. . .
[...]
<existing code>
>>> rest of code <<<
===== REST OF FILE UNCHANGED =====
Rest bleibt unverändert
... restlicher Code ...
le reste du code est inchangé
(code existant)
el resto del código permanece igual
o restante do código permanece inalterado
il resto del codice rimane invariato
resten av koden är oförändrad
остальной код без изменений
其余代码保持不变
此处省略
残りのコードは変更なし
나머지 코드는 동일합니다
you get the idea
existing layout of the page
same as in v1
identical to v2.3
Everything that followed is the same
as it stands today
end of excerpt, nothing else differs
only showing changes
max tokens reached
jump to the next change
code идёт дальше без изменений
zbytek kódu zůstává stejný
a többi kód változatlan
resten af koden er uændret
phần còn lại giữ nguyên
बाकी कोड वही रहेगा
باقي الكود كما هو
unchanged_code_here
existing_code
nothing below was touched
carry the rest over
same as on main
let me know if you need the rest
until the end: same
I reached the limit
end of changes
do not remove the existing code
""".strip().splitlines()

# A few words alone: enough where three lines and more are gone, and nothing came for them.
ALONE = """
existing
(the others)
// body
code continues
<unchanged/>
{{existing}}
folded
restored from git
same here
as supplied
what you had
main logic
weiter wie gehabt
como antes
tal cual
и так далее
前と同じ
保持原样
existing conditions
The original computation
same as ever
skip
この部分は変更ありません
код опущен для краткости
et cetera
as committed
comme ci-dessus
下同
변경 없음
""".strip().splitlines()

# As short, and honest: each tells what is so, or why.
TELLING = """
only on Linux
checked by the caller
sorted in place
old browsers
see issue 12
for subclasses
keep sorted
unlimited by default
done upstream
never empty
Nothing to clean up
do not use here
folded into the store
this used to sort
Helpers
region Helpers
已移至 store
больше не нужно, удалено
déplacé vers le store
[Helpers]
skip hidden rows
see the design document
the kernel does this for us
trimmed by the tokenizer
Fixtures below
""".strip().splitlines()

# Without any mark of a comment, as an answer in a chat has them.
PROSE = """
... existing code ...
... rest of the file unchanged ...
[rest of the file stays the same]
(the remaining functions are unchanged)
The rest of the file remains the same.
All other functions stay as they were before.
<rest of the code>
... remaining methods
...
[...]
... omitted
... 其他代码不变
この部分は変更ありません
""".strip().splitlines()

# A new file that is nothing but a note.
POINTERS = """
See src/old_orders.py for the implementation
Same content as orders.py
The code of this module is in lib/core.py
implementation unchanged, see the original file
[contents of the old file]
... existing code ...
Copy the functions from orders.py here
The full source was given in the previous message
total, dump: same as in the original module
... implementation of pushTask, drainAll ...
Identical to orders.py in main branch
""".strip().splitlines()


def _note(path: str, indent: str, text: str) -> str:
    suffix = path.rpartition(".")[2]
    if suffix in _HASH:
        return f"{indent}# {text}"
    if suffix in _DASH:
        return f"{indent}-- {text}"
    if suffix in _SLASH:
        return f"{indent}/* {text} */" if len(text) % 3 == 0 else f"{indent}// {text}"
    return f"{indent}<!-- {text} -->" if suffix == "html" else f"{indent}/* {text} */"


def _cut(path: str, shape: int, text: str | None, prose: str = "") -> tuple[str, str]:
    """Return a file before and after a part of it, by its shape, gave way to a note."""
    before = FILES[path]
    lines = before.splitlines()
    third = len(lines) // 3
    start, end = [(third, 2 * third), (third + 1, len(lines)), (2, len(lines) - 2), (third, third + 5)][shape % 4]
    indent = lines[start][: len(lines[start]) - len(lines[start].lstrip())]
    note = f"{indent}{prose}" if text is None else _note(path, indent, text)
    return before, "\n".join([*lines[:start], note, *lines[end:]]) + "\n"


def _cuts() -> Iterator[Example]:
    paths = list(FILES)
    for n, text in enumerate(WORDINGS):
        for k in range(3):
            path = paths[(n * 3 + k * 5) % len(paths)]
            yield Example(f"code gave way to a comment: {text}", path, *_cut(path, n + k, text), True)
    for n, text in enumerate(ALONE):
        for k in range(2):
            path = paths[(n * 2 + k * 5) % len(paths)]
            yield Example(f"code gave way to a few words: {text}", path, *_cut(path, n + k, text), True)
    for n, text in enumerate(TELLING):
        for path in paths[n % 4 :: 4]:
            yield Example(f"code went for a reason: {text}", path, *_cut(path, n, text), False)
    for n, text in enumerate(PROSE):
        for path in paths[n % 3 : 11 : 3]:
            yield Example(f"code gave way to prose: {text}", path, *_cut(path, n, None, text), True)
    for n, text in enumerate(POINTERS):
        path = paths[n * 2 % len(paths)]
        yield Example("a new file only points elsewhere", f"new/{path}", None, _note(path, "", text) + "\n", True)


def _changed(about: str, path: str, old: str, new: str, *, caught: bool = False) -> Example:
    before = FILES[path]
    assert old in before, about
    return Example(about, path, before, before.replace(old, new), caught)


_ADD_PY = """\
        if count <= 0:
            raise ValueError(count)
        price = self.store.price_of(article)
        self.lines.append((article, count, price))
        return price * count
"""
_TOTAL_PY = """\
        amount = Decimal(0)
        for _, count, price in self.lines:
            amount += count * price
        return amount
"""
_DUMP_PY = """\
        rows = [{"article": a, "count": c} for a, c, _ in self.lines]
        with open(path, "w") as file:
            json.dump(rows, file)
"""
_PUSH_TS = """\
    if (task.done) {
      return this.waiting.length;
    }
    this.waiting.push(task);
    this.waiting.sort((a, b) => a.rank - b.rank);
    return this.waiting.length;
"""
_DRAIN_TS = """\
    while (this.waiting.length > 0) {
      const task = this.waiting.shift()!;
      await task.run();
      await delay(task.pause);
    }
"""
_SWEEP_GO = """\
	swept := 0
	for key, value := range c.held {
		if len(value) > limit {
			delete(c.held, key)
			swept++
		}
	}
	return swept
"""
_PUT_C = """\
    if (length > ring->size) {
        return -1;
    }
    memcpy(ring->data + ring->head, text, length);
"""

PARTS = [
    _changed("prose that names the function", "shop/orders.py", _TOTAL_PY, "        keep the original body of total()\n", caught=True),
    _changed("a body with only a note behind its brace", "src/queue.ts", "{\n" + _DRAIN_TS + "  }", "{ /* unchanged */ }", caught=True),
    _changed("a note behind an opening brace", "src/queue.ts", "{\n" + _PUSH_TS, "{ // ... same as before\n", caught=True),
    _changed("a docstring as a note", "shop/orders.py", _TOTAL_PY, '        """Existing implementation."""\n', caught=True),
    _changed("a docstring of several lines", "shop/orders.py", _TOTAL_PY, '        """\n        ... rest unchanged ...\n        """\n', caught=True),
    _changed("a note beside a stand-in", "shop/orders.py", _TOTAL_PY, "        pass  # existing logic\n", caught=True),
    _changed("a note above a stand-in", "shop/orders.py", _TOTAL_PY, "        # rest of the method as before\n        pass\n", caught=True),
    _changed("an edit, then a note", "src/queue.ts", _PUSH_TS, "    if (!task) {\n      return 0;\n    }\n    // ... rest of the method ...\n", caught=True),
    _changed("a note, then an edit", "pkg/cache/cache.go", _SWEEP_GO, "\t// ... existing sweep logic ...\n\tc.swept += swept\n\treturn swept\n", caught=True),
    _changed("a note of two lines", "pkg/cache/cache.go", _SWEEP_GO, "\t// The rest of this function\n\t// stays exactly as it was.\n", caught=True),
    _changed("a block comment of several lines", "src/queue.ts", _DRAIN_TS, "    /*\n     * Remaining logic unchanged.\n     */\n", caught=True),
    _changed("names of what went missing", "shop/orders.py", FILES["shop/orders.py"][FILES["shop/orders.py"].index("    def total") :], "    # total() and dump() are unchanged\n", caught=True),
    _changed("two lines", "src/ring.c", "    ring->data = NULL;\n    ring->size = 0;\n", "    // rest unchanged\n", caught=True),
]  # fmt: skip

_PLAIN = "def area(a, b):\n    return a * b\n"
_STUB = "from typing import Protocol\n\n\nclass Store(Protocol):\n    def get(self, key):\n        value = self.read(key)\n        self.seen.add(key)\n        return value\n"
_PAGE = "# Guide\n\nCall it:\n\n```js\nconst a = 1;\nconst b = 2;\nconst c = 3;\nrun(a, b, c);\n```\n"
_NOTED = "def f(x):\n    # ... existing code ...\n    y = x\n    return y\n"

CLEAN = [
    Example("a new file with a word and a name full of hyphens and numbers", "marks/a", None, "mark8df9f179 b.B-2-1-219138cf\n", False),
    _changed("a refactoring: the code went into a function of the same file", "src/queue.ts", _PUSH_TS, "    // Same as in drain(): one place decides what is done.\n    return this.place(task);\n  }\n\n  private place(task: Task): number {\n" + _PUSH_TS),
    _changed("code replaced by a shorter one, with a comment that explains it", "shop/orders.py", _TOTAL_PY, "        # The remaining cents are kept: Decimal never rounds here.\n        return sum((count * price for _, count, price in self.lines), Decimal(0))\n"),
    _changed("code replaced, the comment says that the result stays the same", "shop/orders.py", _TOTAL_PY, "        # Same result as the loop, in one pass.\n        return sum((c * p for _, c, p in self.lines), Decimal(0))\n"),
    Example("a note behind the last line that stayed", "a.c", "int f(struct ring *r)\n{\n    int n = r->head;\n    n += r->size;\n    n %= r->room;\n    r->head = n;\n    return n;\n}\n", "int f(struct ring *r)\n{\n    int n = r->head;  /* this part did not change */\n}\n", True),
    Example("a note behind a line that stayed, in brackets", "a.go", "func f(q *Q) int {\n\tn := q.Len()\n\tq.Sort()\n\tq.Trim(n)\n\tq.Flush()\n\treturn n\n}\n", "func f(q *Q) int {\n\tn := q.Len()  // (unchanged)\n}\n", True),
    Example("a note behind what stands in for a value", "A.cs", "class A {\n    int F() {\n        Check();\n        var n = Count();\n        Log(n);\n        return n;\n    }\n}\n", "class A {\n    int F() {\n        return default; // original logic\n    }\n}\n", True),
    Example("a note in the message of an error", "a.py", "def f(x):\n    a = x + 1\n    b = a * 2\n    g(a, b)\n    return b\n", "def f(x):\n    raise NotImplementedError('existing implementation unchanged')\n", True),
    Example("a note that names the lines it means", "a.ts", "function f(q: Q) {\n  q.check();\n  q.sort();\n  q.trim();\n  q.flush();\n  return q;\n}\n", "function f(q: Q) {\n  // L12-L19: no change\n  return q;\n}\n", True),
    Example("a note set off in brackets above new code", "A.java", "class A {\n  int f(Q q) {\n    q.check();\n    q.sort();\n    q.trim();\n    int n = q.size();\n    return n;\n  }\n}\n", "class A {\n  int f(Q q) {\n    //[rest of Store omitted for brevity]\n    int n = 3;\n    return n;\n  }\n}\n", True),
    Example("a note that says what its writer did", "a.js", "function f(q) {\n  q.check();\n  q.sort();\n  q.trim();\n  q.flush();\n  return q;\n}\n", "function f(q) {\n  const n = 1;\n  // I've kept the rest of the file the same\n  const m = 2;\n  return q;\n}\n", True),
    Example("a comment behind a line whose neighbours went away", "a.py", "def f(x):\n    a = x + 1\n    b = a * 2\n    c = b + a\n    log(c)\n    return a\n", "def f(x):\n    a = x + 1  # the rest of the sum is added by the caller\n    return a\n", False),
    Example("a module that only brings in what moved", "a.py", "def a():\n    x = 1\n    y = 2\n    return x + y\n\n\ndef b():\n    z = 3\n    w = 4\n    return z * w\n", '"""Kept for old imports; the functions moved to calc.core."""\nfrom calc.core import a, b\n\n__all__ = ["a", "b"]\n', False),
    Example("an error whose message speaks of what was", "a.py", "def f(x):\n    a = x + 1\n    b = a * 2\n    g(a, b)\n    return b\n", "def f(x):\n    raise ValueError('the previous value of x is still in use')\n", False),
    Example("a writer speaks to a reader", "q.js", "class Q {\n  f(q) {\n    q.check();\n    q.sort();\n    q.trim();\n    q.flush();\n    return q.size();\n  }\n}\n", "class Q {\n  f(q) {\n    // as you had it\n  }\n}\n", True),
    Example("a writer says what was shown", "q.js", "class Q {\n  f(q) {\n    q.check();\n    q.sort();\n    q.trim();\n    q.flush();\n    return q.size();\n  }\n}\n", "class Q {\n  f(q) {\n    // as I showed above\n  }\n}\n", True),
    Example("a writer left something alone", "q.js", "class Q {\n  f(q) {\n    q.check();\n    q.sort();\n    q.trim();\n    q.flush();\n    return q.size();\n  }\n}\n", "class Q {\n  f(q) {\n    // I left the other steps alone\n  }\n}\n", True),
    Example("a writer had no more room", "q.js", "class Q {\n  f(q) {\n    q.check();\n    q.sort();\n    q.trim();\n    q.flush();\n    return q.size();\n  }\n}\n", "class Q {\n  f(q) {\n    // stopping here because of the token limit\n  }\n}\n", True),
    Example("scissors", "q.js", "class Q {\n  f(q) {\n    q.check();\n    q.sort();\n    q.trim();\n    q.flush();\n    return q.size();\n  }\n}\n", "class Q {\n  f(q) {\n    // - - - 8< - - -\n  }\n}\n", True),
    Example("a note that names the class around it", "q.js", "class Q {\n  f(q) {\n    q.check();\n    q.sort();\n    q.trim();\n    q.flush();\n    return q.size();\n  }\n}\n", "class Q {\n  f(q) {\n    // remaining members of Q\n  }\n}\n", True),
    Example("a note of two lines that says why nothing is shown", "q.js", "class Q {\n  f(q) {\n    q.check();\n    q.sort();\n    q.trim();\n    q.flush();\n    return q.size();\n  }\n}\n", "class Q {\n  f(q) {\n    // The code that follows does not change,\n    // so I am not printing it again.\n  }\n}\n", True),
    Example("a new file with a header and a pointer", "A.cs", None, "\ufeff#region License\n// Paste the code of the original A.cs here\n", True),
    Example("the rest of the types is exported from where the comment says", "a.ts", "export type A = {\n  a: string;\n  b: string;\n  c: string;\n};\n", '// The rest of the types are in base.ts.\nexport * from "./base";\n', False),
    Example("the routes are required from where the comment says", "a.js", 'app.get("/a", (q, r) => {\n  const a = list(q);\n  r.json(a);\n});\napp.get("/b", (q, r) => {\n  r.json(get(q.id));\n});\n', '// The remaining routes are in routes/.\napp.use(require("./routes/items"));\napp.use(require("./routes/one"));\n', False),
    Example("a redirect for old clients", "a.js", 'app.get("/a", (q, r) => {\n  const a = list(q);\n  log(a);\n  r.json(a);\n});\n', '// Old clients still ask for this path.\napp.get("/a", (q, r) => r.redirect("/b"));\n', False),
    _changed("a call of a library instead, with the reason", "pkg/cache/cache.go", _SWEEP_GO, "\t// maps.DeleteFunc keeps the other entries untouched.\n\tbefore := len(c.held)\n\tmaps.DeleteFunc(c.held, func(_ string, v []byte) bool { return len(v) > limit })\n\treturn before - len(c.held)\n"),
    _changed("code removed, the comment says where the work is done now", "src/queue.ts", "    this.waiting.sort((a, b) => a.rank - b.rank);\n", "    // Sorted by the scheduler when it takes a task.\n"),
    _changed("code removed on purpose, and said so", "shop/orders.py", _DUMP_PY, "        # Dumping was removed: the exporter writes all orders at night.\n        raise NotImplementedError(path)\n"),
    _changed("code commented out", "src/ring.c", _PUT_C, "".join(f"    // {line.strip()}\n" for line in _PUT_C.splitlines())),
    _changed("code commented out in a block", "src/ring.c", _PUT_C, "    /*\n" + _PUT_C + "    */\n"),
    _changed("a method moved to another module", "shop/orders.py", "\n    def dump(self, path):\n" + _DUMP_PY, "\n    # dump() moved to shop/export.py\n"),
    _changed("methods simply deleted", "shop/orders.py", "\n    def dump(self, path):\n" + _DUMP_PY, ""),
    _changed("a section comment above code that stays", "shop/orders.py", "    def total(self):\n", "    # Other methods\n\n    def total(self):\n"),
    _changed("the word rest in a comment about values", "pkg/cache/cache.go", _SWEEP_GO, "\t// The rest of the keys are swept by the janitor at midnight.\n\treturn c.janitor.Sweep(limit)\n"),
    _changed("the word existing in a comment about values", "pkg/cache/cache.go", "\tif _, ok := c.held[key]; ok {\n\t\treturn false\n\t}\n", "\t// An existing value is overwritten: callers race for the newest one.\n"),
    _changed("the word unchanged in a comment about values", "src/ring.c", "    if (length > ring->size) {\n        return -1;\n    }\n", "    /* head stays unchanged when nothing fits */\n    if (length > ring->size) return -1;\n"),
    _changed("a note of what a parameter is", "src/queue.ts", "    if (task.done) {\n      return this.waiting.length;\n    }\n", "    // task.done is checked by the caller, see Scheduler.pick()\n"),
    _changed("a to-do beside removed code", "src/queue.ts", "      await delay(task.pause);\n", "      // TODO: pause between tasks once the rate limit is known\n"),
    _changed("a docstring grows while code shrinks", "shop/orders.py", '        """Add an article."""\n' + _ADD_PY, '        """Add an article.\n\n        The count may be zero; existing lines of the same article are kept.\n        """\n        self.lines.append((article, count, self.store.price_of(article)))\n'),
    _changed("an abbreviation in a comment", "src/queue.ts", "    this.waiting.sort((a, b) => a.rank - b.rank);\n", "    // ranks, pauses, retries, etc. are the scheduler's business now\n"),
    _changed("an ellipsis in a comment that goes on", "src/queue.ts", _DRAIN_TS, "    // Wait for the running task first...\n    await this.running;\n    await this.worker.finish(this.waiting);\n"),
    _changed("a swapped comment, no code lost", "src/ring.c", "    size_t length = strlen(text);\n", "    /* same as before, but counts once */\n    size_t length = strlen(text);\n"),
    _changed("a placeholder where nothing was lost", "src/ring.c", "void ring_free", "/* rest of the API */\nvoid ring_free"),
    _changed("an honest heading above rewritten code", "shop/orders.py", _ADD_PY, "        # Check the rest of the arguments first.\n        check(article, count)\n        price = self.store.price_of(article)\n        self.lines.append((article, count, price))\n        return price * count\n"),
    _changed("a lock is taken by the caller now", "pkg/cache/cache.go", "\tc.mu.Lock()\n\tdefer c.mu.Unlock()\n", "\t// The caller holds the lock.\n"),
    _changed("statements give way to a spread", "src/queue.ts", "    this.waiting.push(task);\n    this.waiting.sort((a, b) => a.rank - b.rank);\n", "    this.waiting = [\n      ...this.waiting,\n      task,\n    ].sort(byRank);\n"),
    _changed("settings removed, with the reason", "deploy/app.yaml", "  LEVEL: info\n  REGION: north\n", "  # LEVEL and REGION come from the cluster\n"),
    _changed("a table dropped, with the reason", "db/schema.sql", FILES["db/schema.sql"][FILES["db/schema.sql"].index("create table invoice") :], "-- Invoices live in the billing database since version 4.\n"),
    _changed("rows come from a script now", "web/page.html", "    <tr><td>Arn</td><td>812</td></tr>\n    <tr><td>Bell</td><td>1204</td></tr>\n    <tr><td>Cor</td><td>96</td></tr>\n", "    <!-- rows are filled in by stations.js -->\n"),
    _changed("text on a page that says more is to come", "web/page.html", '    <a href="/imprint">Imprint</a>\n    <a href="/contact">Contact</a>\n', "    <p>And so on ...</p>\n"),
    _changed("a style removed, with the reason", "web/style.css", "  font-family: serif;\n", "  /* the browser's own font */\n"),
    _changed("limits removed, with the reason", "tool.toml", "files = 2000\nbytes = 1048576\n", "# unlimited by default\n"),
    _changed("an early return instead of nesting", "src/main/java/Ledger.java", "        for (Entry entry : entries) {\n            if (entry.account().equals(account)) {\n                sum += entry.amount();\n            }\n        }\n        return sum;\n", "        // Streams keep the original order of the entries.\n        return entries.stream().filter(e -> e.account().equals(account)).mapToLong(Entry::amount).sum();\n"),
    _changed("the parent class does it now", "lib/planner.rb", "    raise ArgumentError, day unless @days.include?(day)\n    return false if @taken.key?(day)\n", "    # Checked by Calendar, which all planners inherit from.\n"),
    _changed("a trailing comment on new code", "app/Timer.kt", "        if (marks.isNotEmpty() && marks.last() > now) {\n            throw IllegalStateException(\"the clock went back\")\n        }\n        marks.add(now)\n", "        marks.add(now) // same value as returned\n"),
    _changed("a comment in another language about values", "bin/backup.sh", "        name=$(basename \"$folder\")\n        tar -czf \"$target/$name.tgz\" \"$folder\"\n        echo \"packed $name\"\n", "        # Der Name bleibt im Archiv erhalten, auch mit Leerzeichen.\n        tar -czf \"$target/${folder##*/}.tgz\" \"$folder\"\n"),
    _changed("deprecated, with where to go", "app/Basket.php", "        $sum = 0.0;\n        foreach ($this->lines as [, $count, $price]) {\n            $sum += $count * $price;\n        }\n        return $sum;\n", "        // Deprecated: use Checkout::total() instead.\n        return Checkout::total($this->lines);\n"),
    _changed("a comment that a check was dropped, and why", "Sources/Track.swift", "        if let last = points.last, last.time > point.time {\n            points.sort { $0.time < $1.time }\n        }\n", "        // Points arrive in order since the recorder sorts them.\n"),
    _changed("a comment names the invariant that replaces the code", "src/lexer.rs", "        let start = rest.find(|c: char| c.is_alphanumeric())?;\n", "        // The text is trimmed, so a word starts right here.\n        let start = 0;\n"),
    Example("braces around an ellipsis", "Q.swift", "class Q {\n  func f(q: R) -> Int {\n    q.check()\n    q.sort()\n    q.trim()\n    return q.size\n  }\n}\n", "class Q {\n  func f(q: R) -> Int { ... }\n}\n", True),
    Example("an ellipsis that goes downwards", "Q.kt", "class Q {\n  fun f(q: R): Int {\n    q.check()\n    q.sort()\n    q.trim()\n    return q.size\n  }\n}\n", "class Q {\n  fun f(q: R): Int {\n    .\n    .\n    .\n  }\n}\n", True),
    Example("a single statement in its braces", "q.c", "int f(int a) {\n  if (a) {\n    return g(a);\n  }\n  return a;\n}\n", "int f(int a) {\n  // existing checks\n  return a;\n}\n", True),
    Example("a new file whose note stands below a licence", "a.c", None, "/*\n * Permission is hereby granted, free of charge, to any person obtaining a copy of this software and of the\n * files that come with it, to use it as they please, provided that this text stays in all copies of it\n */\n/* contents of the original ring.c */\n", True),
    Example("a preprocessor's words behind a space", "a.h", "#ifdef A\n#include <errno.h>\n#else\n#include <b.h>\n#endif\nint f(void);\n", "#ifdef A\n# include <cerrno>\n# define CODE_HERE 1\n# else\n# endif\nint f(void);\n", False),
    Example("the label behind a brace", "a.cc", "namespace a {\nint f(int x);\nint g(int x);\nint h(int x);\n}  // namespace code\n", "namespace a {\nint f(int x);\n}  // namespace detail\n", False),
    Example("fields in columns", "a.go", "type item struct {\n\toffset int\n\tcurrent bool\n\tlabel string\n\tresult Result\n\tbar bool\n}\n", "type item struct {\n\tother    bool\n}\n", False),
    Example("a file that is generated", "a.rb", "class A\n  def f(x)\n    y = x + 1\n    g(y)\n    y\n  end\nend\n", "class A\n  # This file is generated. Do not edit.\nend\n", False),
    Example("it moved, and where to fetch it from", "a.js", "function f(q) {\n  q.check();\n  q.sort();\n  q.trim();\n}\nfunction g() {}\n", "// This was moved to lib/q.js.\n// Please import it from there.\nfunction g() {}\n", False),
    Example("a new header with its guard", "a.h", None, "#ifndef A_H\n#define A_H\n// rest of the file\n#endif\n", True),
    Example("a new file that names what it is to hold", "a.go", None, "// Implementation of Write\n", True),
    Example("a new file to be filled by a move", "a.ts", None, "// code moved from src/ref.ts goes here\n", True),
    Example("a number of methods, as prose", "a.java", "class A {\n  int f() {\n    int a = g();\n    return a;\n  }\n  int h() {\n    int b = g();\n    return b;\n  }\n}\n", "class A {\n  2 methods unchanged\n}\n", True),
    Example("a new file that is empty on purpose", "a/__init__.py", None, "# This file is intentionally left blank.\n", False),
    Example("a new package with its documentation", "a/doc.go", None, "// Package a reads source files and finds what is in them.\npackage a\n", False),
    Example("a new file with nothing but a licence", "a/__init__.py", None, "# Copyright 2024 The Authors.\n# Redistribution and use in source and binary forms, with or without\n# modification, are permitted provided that the source code keeps this notice.\n", False),
    Example("types for an editor", "vite-env.d.ts", None, '/// <reference types="vite/client" />\n', False),
    Example("a new marker of a package", "a/__init__.py", None, "# Tests of the parser\n", False),
    Example("a placeholder that was there before", "a.py", _NOTED, _NOTED.replace("    y = x\n", ""), False),
    Example("a placeholder replaced by code", "a.py", _NOTED, _NOTED.replace("    # ... existing code ...\n", "    x += 1\n"), False),
    Example("a placeholder moved with its function", "a.py", _NOTED + "\n\ndef g():\n    a = 1\n    b = 2\n    return a + b\n", "class A:\n    def f(self, x):\n        # ... existing code ...\n        y = x\n        return y\n", False),
    Example("a protocol's method loses its body", "a.py", _STUB, _STUB[: _STUB.index("        value")] + "        ...\n", False),
    Example("an abstract method", "a.py", "class A:\n    def run(self, x):\n        y = x + 1\n        z = y * 2\n        return z\n", "import abc\n\n\nclass A(abc.ABC):\n    @abc.abstractmethod\n    def run(self, x):\n        ...\n", False),
    Example("overloads", "a.py", "def f(x):\n    if x:\n        return 1\n    y = x\n    return y\n", "from typing import overload\n\n\n@overload\ndef f(x: int) -> int:\n    ...\n@overload\ndef f(x: str) -> str:\n    ...\ndef f(x):\n    return x\n", False),
    Example("a stub file", "a.pyi", "class A:\n    a: int\n    b: int\n    c: int\n    def f(self):\n        return 1\n", "class A:\n    def f(self):\n        ...\n", False),
    Example("a doctest", "a.py", 'def f(x):\n    """Add.\n    """\n    a = 1\n    b = 2\n    c = 3\n    return a + b + c + x\n', 'def f(x):\n    """Add.\n\n    >>> for n in range(2):\n    ...     f(n)\n    ...\n    6\n    7\n    """\n    return 6 + x\n', False),
    Example("slices of an array", "a.py", "def f(a):\n    b = a[:, 0]\n    c = a[:, 1]\n    d = a[:, 2]\n    return b, c, d\n", "def f(a):\n    return a[\n        ...,\n        0:3,\n    ]\n", False),
    Example("a variable tuple type", "a.py", "A = int\nB = str\nC = float\nD = bool\nE = Callable\n", "F = tuple[\n    int,\n    ...\n]\n", False),
    Example("variadic parameters", "a.c", "int one(int a);\nint two(int a, int b);\nint three(int a, int b, int c);\nint four(int a, int b, int c, int d);\n", "int many(\n    int a,\n    ...\n);\n", False),
    Example("spread of an object", "a.ts", "const a = {\n  x: old.x,\n  y: old.y,\n  z: old.z,\n  w: old.w,\n};\n", "const a = {\n  ...old\n};\n", False),
    Example("rest parameters", "a.ts", "function f(a: A, b: A, c: A) {\n  use(a);\n  use(b);\n  use(c);\n  return 3;\n}\n", "function f(\n  ...rest\n: A[]) {\n  rest.forEach(use);\n}\n", False),
    Example("an example in a guide is shortened", "GUIDE.md", _PAGE, _PAGE.replace("const b = 2;\nconst c = 3;\n", "// ... rest of the code ...\n"), False),
    Example("prose in a guide", "GUIDE.md", _PAGE, "# Guide\n\nThe rest of the code remains the same.\n", False),
    Example("test data in a literal", "test_a.py", "def test():\n    a = 1\n    b = 2\n    c = 3\n    assert a + b + c == 6\n", 'TEXT = """\ndef f():\n    # ... rest of the code remains the same\n"""\n\n\ndef test():\n    assert find(TEXT)\n', False),
    Example("test data in a template", "a.test.ts", "const a = 1;\nconst b = 2;\nconst c = 3;\nconst d = 4;\n", "const text = `\n// ... existing code ...\nf();\n`;\n", False),
    Example("test data in a here document", "t.sh", "one=1\ntwo=2\nthree=3\nfour=4\n", "cat > a.py <<END\n# ... rest of the file unchanged\nEND\n", False),
    Example("a new test about placeholders", "test_b.py", None, 'def test():\n    assert find("# ... rest of the code")\n    assert find("// existing code")\n', False),
    Example("a new package file with a comment", "pkg/__init__.py", None, "# This package holds the readers.\n", False),
    Example("a new empty package", "pkg/__init__.py", None, '"""Readers of stations."""\n', False),
    Example("a new file with a licence only", "a.py", None, "# Copyright the authors.\n# See LICENSE for the rest of the terms.\n", False),
    Example("a new file that re-exports", "index.ts", None, '// The implementation is in queue.ts.\nexport { Queue } from "./queue";\n', False),
    Example("a new abstract class", "a.py", None, "import abc\n\n\nclass A(abc.ABC):\n    @abc.abstractmethod\n    def f(self):\n        ...\n", False),
    Example("a licence header is shortened", "a.c", "/* Copyright the authors.\n * You may use this file\n * and give it away as it is,\n * without any warranty.\n */\nint a;\nint b;\n", "/* See LICENSE for the rest. */\nint a;\n", False),
    Example("only comments give way to a note", "a.py", "# one\n# two\n# three\n# four\n" + _PLAIN, "# as above\n" + _PLAIN, False),
    Example("a file of words", "words.txt", "one\ntwo\nthree\nfour\nfive\n", "one\n... rest unchanged ...\n", False),
    Example("code is only indented anew", "a.py", _NOTED, "if True:\n" + "".join(f"    {line}\n" for line in _NOTED.splitlines()), False),
    Example("functions change places", "a.py", _PLAIN + "\n\n" + _NOTED, _NOTED + "\n\n" + _PLAIN, False),
    Example("the title of a test", "a_spec.rb", "def a\n  one(1)\n  two(2)\n  three(3)\nend\n", "context 'given the rest of the existing code unchanged' do\nend\n", False),
    Example("an end of a YAML document", "a.yaml", "a: 1\nb: 2\nc: 3\n", "a: 1\n...\n", False),
    Example("words of a user interface", "en.json", '{\n  "a": "One",\n  "b": "Two",\n  "c": "Three"\n}\n', '{\n  "rest": "The rest is unchanged"\n}\n', False),
    Example("an error that is written on one line", "a.py", "def take(items, most):\n    if len(items) > most:\n        raise TooMany(\n            'More than %s items.' % most,\n            items=items,\n            limit=most,\n        )\n    return items\n", "def take(items, most):\n    if len(items) > most:\n        raise TooMany('More than %s items.' % most, items=items)\n    return items\n", False),
    Example("a sentence about the code that came", "a.py", "def kind_of(values, schema):\n    if len(values) > 1:\n        return many(values)\n    only = values[0]\n    kind = only.__class__\n    schema['only'] = only\n    return kind\n", "def kind_of(values, schema):\n    if len({v.__class__ for v in values}) > 1:\n        return many(values)\n\n    # All values have the same type\n    kind = values[0].__class__\n    schema['any'] = list(values)\n    return kind\n", False),
    Example("the end of a sentence in a text", "guide.yml", "parts:\n  - text: |\n      The reader takes numbers\n      as they are written down.\n      It never rounds them off\n      before it has to do sums.\n      Sums are done with doubles.\n", "parts:\n  - text: |\n      The reader keeps numbers in\n      full, but in such lines as\n      these the exact value of a\n      number is lost if it is\n      too large.\n", False),
]  # fmt: skip

EXAMPLES = [*_cuts(), *PARTS, *CLEAN]
