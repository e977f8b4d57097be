"""Changes for INCOMPLETE_CODE: bodies that became stubs, new functions that only promise, and honest changes like them.

Each language has one function with a place for its body; the stubs are put there. The honest changes are whole bodies or
whole files, each with the reason why it must pass. All code here was written for this corpus.
"""

# ruff: noqa: E501 -- a case is one line where it can be, so that the table can be read as one
from collections.abc import Iterator

from cockpit.quality.rule import Example

# path, what stands before and after the body, the work
SHAPES = {
    "python": (
        "shop/prices.py",
        "import json\n\n\ndef total(lines, rate):\n",
        "\n\n\ndef other():\n    return json\n",
        "    amount = 0\n    for line in lines:\n        amount += line.price * line.count\n    return amount * (1 + rate)",
    ),
    "javascript": (
        "src/prices.js",
        "export function total(lines, rate) {\n",
        "\n}\n\nexport const other = 1;\n",
        "  let amount = 0;\n  for (const line of lines) {\n    amount += line.price * line.count;\n  }\n  return amount * (1 + rate);",
    ),
    "typescript": (
        "src/prices.ts",
        "class Prices {\n  private total = (lines: Line[], rate: number): number => {\n",
        "\n  };\n}\n",
        "    const sum = lines.map((l) => l.price * l.count).reduce((a, b) => a + b);\n    return sum * (1 + rate);",
    ),
    "tsx": (
        "src/List.tsx",
        "export function List({ items }: Props) {\n",
        "\n}\n",
        "  const [open, setOpen] = useState(false);\n  return <ul onClick={() => setOpen(!open)}>{items.map((i) => <li>{i}</li>)}</ul>;",
    ),
    "go": (
        "prices/total.go",
        "package prices\n\nfunc (p *Prices) Total(lines []Line) (int, error) {\n",
        "\n}\n",
        "\tamount := 0\n\tfor _, line := range lines {\n\t\tamount += line.Price * line.Count\n\t}\n\treturn p.Taxed(amount)",
    ),
    "rust": (
        "src/prices.rs",
        "impl Prices {\n    pub fn total(&self, lines: &[Line]) -> Result<u64, Error> {\n",
        "\n    }\n}\n",
        "        let amount: u64 = lines.iter().map(|line| line.price * line.count).sum();\n        self.taxed(amount)",
    ),
    "java": (
        "src/main/java/shop/Prices.java",
        "class Prices {\n    List<Line> paid(List<Line> lines) {\n",
        "\n    }\n}\n",
        "        List<Line> kept = new ArrayList<>();\n        for (Line line : lines) {\n            if (line.isPaid()) kept.add(line);\n        }\n        return kept;",
    ),
    "c": (
        "src/prices.c",
        "int total(struct line *lines, int count) {\n",
        "\n}\n",
        "    int amount = 0;\n    for (int n = 0; n < count; n++)\n        amount += lines[n].price * lines[n].count;\n    return amount;",
    ),
    "cpp": (
        "src/prices.cpp",
        "std::vector<Line> Prices::paid(const std::vector<Line>& lines) const {\n",
        "\n}\n",
        "    std::vector<Line> kept;\n    std::copy_if(lines.begin(), lines.end(), std::back_inserter(kept), is_paid);\n    return kept;",
    ),
    "csharp": (
        "Shop/Prices.cs",
        "class Prices\n{\n    public async Task<decimal> Total(IList<Line> lines)\n    {\n",
        "\n    }\n}\n",
        "        var rate = await _rates.Get(Country);\n        return lines.Sum(line => line.Price * line.Count) * rate;",
    ),
    "ruby": (
        "lib/prices.rb",
        "class Prices\n  def total(lines)\n",
        "\n  end\nend\n",
        "    amount = lines.sum { |line| line.price * line.count }\n    amount * (1 + @rate)",
    ),
    "php": (
        "src/Prices.php",
        "<?php\nclass Prices\n{\n    public function total(array $lines)\n    {\n",
        "\n    }\n}\n",
        "        $amount = 0;\n        foreach ($lines as $line) {\n            $amount += $line->price * $line->count;\n        }\n        return $amount * $this->rate;",
    ),
    "kotlin": (
        "src/main/kotlin/Prices.kt",
        "class Prices {\n    fun paid(lines: List<Line>): List<Line>? {\n",
        "\n    }\n}\n",
        "        val kept = lines.filter { it.paid }\n        audit.note(kept.size)\n        return kept",
    ),
    "swift": (
        "Sources/Prices.swift",
        "final class Prices {\n    func total(lines: [Line]) throws -> Int? {\n",
        "\n    }\n}\n",
        "        let amount = lines.map { $0.price * $0.count }.reduce(0, +)\n        return try taxed(amount)",
    ),
    "shell": (
        "bin/deploy.sh",
        "#!/bin/sh\ndeploy() {\n",
        '\n}\ndeploy "$@"\n',
        '  tar -czf out.tgz build\n  scp out.tgz "$1":/srv/app\n  ssh "$1" restart app',
    ),
}

STUBS = {
    "python": [
        "    pass",
        "    ...",
        "    raise NotImplementedError",
        "    return None",
        "    # TODO: implement\n    pass",
        "    return []  # placeholder",
        "    print('TODO: total')",
        "    result = None\n    return result",
        '    """Add up the lines."""\n    pass',
        "    raise RuntimeError('write me')",
        '    logger.debug("total called with %s", locals())\n    return None',
        "    # For demonstration purposes only\n    return 0",
        "    if True:\n        pass",
    ],
    "javascript": [
        "",
        "  return null;",
        "  // TODO",
        "  throw new Error('Not implemented');",
        "  return [];",
        "  console.log('total is not there yet');",
        "  return Promise.resolve();",
        "  /* logic goes here */",
        "  debugger;",
        "  return Infinity;",
        "  return () => {};",
        "  return Object.create(null);",
        "  // minimal implementation\n  return -1;",
    ],
    "typescript": [
        "",
        "    return 0;",
        "    // to be written\n    return undefined as any;",
        "    throw new Error(`total: todo`);",
        "    return {} as number;",
    ],
    "tsx": ["  return null;", "  // TODO: render the list\n  return null;", ""],
    "go": [
        "",
        "\treturn 0, nil",
        '\tpanic("implement me")',
        '\treturn 0, errors.New("not implemented")',
        "\t// TODO: add up\n\treturn 0, nil",
        "\treturn -1, nil",
        '\treturn 0, errors.New("TBD")',
        '\tlog.Printf("total called")\n\treturn 0, nil',
    ],
    "rust": [
        "        todo!()",
        "        unimplemented!()",
        "        Ok(0)",
        "        Ok(Default::default())",
        '        panic!("later")',
        "        // fill in\n        Ok(0)",
        '        Err("no".into())',
        '        Err("needs implementation".into())',
        '        log::info!("total called");\n        Ok(0)',
    ],
    "java": [
        "        return null;",
        "        // TODO Auto-generated method stub\n        return null;",
        "        return Collections.emptyList();",
        "        throw new UnsupportedOperationException();",
        "        return new ArrayList<>();",
        "        return List.of();",
        "        return java.util.List.of();",
        '        LOGGER.info("paid called");\n        return null;',
    ],
    "c": [
        "    return 0;",
        "",
        "    /* TODO */\n    return -1;",
        "    abort();",
        '    assert(0 && "total");',
        "    int amount = 0;\n    return amount;",
        '#warning "not implemented"\n    return 0;',
    ],
    "cpp": [
        "    return {};",
        '    throw std::logic_error("todo");',
        "    return std::vector<Line>{};",
        "    // stub\n    return {};",
        "",
        "    return std::unique_ptr<int>();",
        "    std::cout << __func__ << std::endl;\n    return {};",
    ],
    "csharp": [
        "        throw new NotImplementedException();",
        "        return 0;",
        "        return default;",
        "        return await Task.FromResult(0m);",
        "        // add logic here\n        return 0;",
        "",
        "        await Task.CompletedTask;",
        "        return new[] { 1, 2, 3 };",
    ],
    "ruby": [
        "",
        "    nil",
        "    raise NotImplementedError",
        "    # to do\n    0",
        "    []",
        "    raise 'total is missing'",
        '    Rails.logger.debug("total called")\n    nil',
    ],
    "php": [
        "",
        "        return 0;",
        "        throw new \\RuntimeException('Not implemented');",
        "        // @todo\n        return null;",
        "        return [];",
        "        return;",
        '        \\Log::info("total called");\n        return null;',
        "        return (object) [];",
    ],
    "kotlin": [
        "        TODO()",
        "        return null",
        "        return emptyList()",
        '        TODO("Not yet implemented")',
        "        return listOf()",
        "",
    ],
    "swift": [
        "        return nil",
        "        fatalError()",
        "        return 0",
        "        // TODO: add up\n        return nil",
        '        preconditionFailure("later")',
        "",
        "        precondition(false)",
    ],
    "shell": ["  :", "  return 0", "  echo TODO", "  # TODO: deploy\n  true", "  true"],
}

NEW_STUBS = [
    ("shop/new.py", 'def normalize_addresses(rows):\n    """Normalize the addresses."""\n    return rows\n'),
    ("shop/new.rb", "# Archive the logs.\ndef archive_logs(rows)\n  []\nend\n"),
    ("src/new.go", 'package shop\n\nfunc Compress(key string) error {\n\treturn errors.New("FIXME")\n}\n'),
    ("shop/new.py", "def ship(order):\n    # TODO: implement\n    pass\n"),
    ("shop/new.py", "def ship(order):\n    raise NotImplementedError\n"),
    (
        "shop/new.py",
        'def validate_order(order):\n    """Check an order and return what is wrong with it."""\n    pass\n',
    ),
    (
        "shop/new.py",
        "class Orders(Store):\n    def ship(self, order):\n        raise NotImplementedError('to be done')\n",
    ),
    ("src/new.js", "export function ship(order) {\n  // TODO: implement shipping\n}\n"),
    ("src/new.js", "export const ship = async (order) => {\n  throw new Error('Not implemented');\n};\n"),
    ("src/new.ts", "export function calculateTotal(lines: Line[]): number {\n  return 0;\n}\n"),
    ("new/ship.go", 'package new\n\nfunc Ship(o Order) error {\n\tpanic("not implemented")\n}\n'),
    ("src/new.rs", "pub fn ship(order: &Order) -> Result<(), Error> {\n    todo!()\n}\n"),
    ("src/main/java/New.java", "class New {\n    void ship(Order o) {\n        // TODO implement\n    }\n}\n"),
    ("src/new.c", "int ship(struct order *o) {\n    /* TODO: implement */\n    return 0;\n}\n"),
    ("src/new.cpp", 'int ship(const Order& o) {\n    throw std::runtime_error("not implemented");\n}\n'),
    ("Shop/New.cs", "class New\n{\n    int Ship(Order o) => throw new NotImplementedException();\n}\n"),
    ("lib/new.rb", "def ship(order)\n  raise NotImplementedError, 'TODO'\nend\n"),
    ("src/New.php", "<?php\nfunction ship($order)\n{\n    // TODO: implement\n}\n"),
    ("src/main/kotlin/New.kt", "fun ship(order: Order): Receipt = TODO()\n"),
    ("Sources/New.swift", 'func ship(order: Order) -> Receipt {\n    fatalError("not implemented")\n}\n'),
    (
        "a.c",
        "/* Saves the record with retries. */\nint save_record(const char *data, size_t len) {\n    return 0;\n}\n",
    ),
    ("a.c", "char *load_page(struct store *s, int id)\n{\n\treturn NULL;\n}\n"),
    ("a.cpp", "std::string buildReport(const std::string& data) {\n    return {};\n}\n"),
    (
        "a.ts",
        "/** Refresh the quota of a team and store it. */\nexport function refreshQuota(team: Team): Quota[] {\n  return [];\n}\n",
    ),
    (
        "A.java",
        "class A {\n    /** Publishes the message to all readers. */\n    boolean publishMessage(Message m) {\n        return true;\n    }\n}\n",
    ),
    ("test/load_test.rb", "# Exports the orders with retries.\ndef export_orders(rows, options = {})\n  []\nend\n"),
    (
        "a.php",
        "<?php\ntrait Reports {\n    /** Export the report as a table. */\n    function exportReport(array $rows) {\n        // Will be implemented in a later step\n        return null;\n    }\n}\n",
    ),
    ("a.py", "def price_of(order):\n    # In a real system this would ask the store.\n    return 42\n"),
]

HONEST_NEW = [
    ("a visitor", "src/walk.js", "export const visit = {\n  ImportDeclaration(node) {},\n};\n"),
    ("what has no name is not used", "src/a.h", "struct A {\n  int count_rows(int) const { return 0; }\n};\n"),
    (
        "an abstract method",
        "a/base.py",
        'from abc import ABC, abstractmethod\n\n\nclass Store(ABC):\n    @abstractmethod\n    def load(self, key):\n        """Load a value."""\n        raise NotImplementedError\n',
    ),
    (
        "a protocol",
        "a/kinds.py",
        'from typing import Protocol\n\n\nclass Loads(Protocol):\n    def load(self, key: str) -> bytes:\n        """Load a value."""\n        ...\n',
    ),
    (
        "a base class",
        "a/shapes.py",
        "class Shape:\n    def area(self):\n        raise NotImplementedError\n\n\nclass Square(Shape):\n    def area(self):\n        return self.side**2\n",
    ),
    (
        "a message to heirs",
        "a/shapes.py",
        "class Shape(Thing):\n    def area(self):\n        raise NotImplementedError('subclasses must override this')\n",
    ),
    (
        "overloads",
        "a/over.py",
        "from typing import overload\n\n\n@overload\ndef load(key: str) -> str: ...\n@overload\ndef load(key: int) -> int: ...\ndef load(key):\n    return read(key)\n",
    ),
    ("a stub file", "a/over.pyi", "def load_all(keys: list[str]) -> str: ...\n"),
    ("a group of commands", "a/cli.py", '@click.group()\ndef process(context):\n    """Process orders."""\n    pass\n'),
    (
        "a marker class",
        "a/errors.py",
        'class OrderError(Exception):\n    pass\n\n\nclass Late(OrderError):\n    """It came late."""\n',
    ),
    (
        "a hook",
        "a/hooks.py",
        'class Plugin:\n    def on_start(self, app):\n        """Called when the application starts."""\n\n    def teardown(self, app):\n        pass\n',
    ),
    ("a fixture", "tests/conftest.py", "def load_nothing(key):\n    return None\n"),
    (
        "an ignored error",
        "a/files.py",
        "def drop(path):\n    try:\n        path.unlink()\n    except FileNotFoundError:\n        pass\n",
    ),
    (
        "a note beside work",
        "a/work.py",
        "def ship(order):\n    # TODO: handle gifts\n    order.sent = True\n    return post(order)\n",
    ),
    (
        "a no-op",
        "src/noop.js",
        "export const noop = () => {};\nexport function identity(value) {\n  return value;\n}\n",
    ),
    ("an empty default", "src/App.tsx", "export const Context = createContext({ update: (value: string) => {} });\n"),
    ("an abstract class", "src/shape.ts", "abstract class Shape {\n  abstract area(): number;\n  draw(): void {}\n}\n"),
    (
        "a base class",
        "src/shape.js",
        "class Shape {\n  area() {\n    throw new Error('Subclasses must implement area');\n  }\n}\n",
    ),
    (
        "an interface",
        "src/main/java/Shape.java",
        "interface Shape {\n    double area();\n    default void draw(Canvas c) {}\n}\n",
    ),
    (
        "a read-only list",
        "src/main/java/Fixed.java",
        "class Fixed extends AbstractList<String> {\n    @Override public String remove(int n) {\n        throw new UnsupportedOperationException();\n    }\n}\n",
    ),
    (
        "an empty listener",
        "src/main/java/Quiet.java",
        "class Quiet implements Listener {\n    @Override public void onClick(Event e) {}\n}\n",
    ),
    ("a private constructor", "src/main/java/Sums.java", "final class Sums {\n    private Sums() {}\n}\n"),
    (
        "an interface check",
        "net/conn.go",
        "package net\n\nfunc (nopCloser) Close() error { return nil }\n\nfunc (c *Conn) Unwrap() error { return nil }\n",
    ),
    (
        "a default of a trait",
        "src/visit.rs",
        "pub trait Visit {\n    fn visit(&mut self, node: &Node) {}\n    fn done(&self) -> bool {\n        false\n    }\n}\n",
    ),
    (
        "an impl without parts",
        "src/mark.rs",
        "impl Error for Late {}\nimpl Mark for Late {\n    fn is_late(&self) -> bool {\n        true\n    }\n}\n",
    ),
    (
        "a virtual destructor",
        "src/shape.hpp",
        "struct Shape {\n    virtual ~Shape() {}\n    virtual double area() const = 0;\n    virtual void draw() {}\n};\n",
    ),
    ("initialisers", "src/line.cpp", "Line::Line(int price, int count) : price_(price), count_(count) {}\n"),
    (
        "a converter that only reads",
        "Shop/Converter.cs",
        "class Late : JsonConverter\n{\n    public override bool CanWrite => false;\n    public override void WriteJson(JsonWriter w, object v)\n    {\n        throw new NotSupportedException();\n    }\n}\n",
    ),
    (
        "a hook of a module",
        "lib/hooks.rb",
        "module Hooks\n  def before_save; end\n\n  def self.included(base); end\nend\n",
    ),
    (
        "a base class",
        "lib/shape.rb",
        'class Shape\n  def area\n    raise NotImplementedError, "#{self.class} must implement #area"\n  end\nend\n',
    ),
    (
        "a null object",
        "src/NullStore.php",
        "<?php\nclass NullStore implements Store\n{\n    public function load($key)\n    {\n        return null;\n    }\n    public function save($key, $value) {}\n}\n",
    ),
    (
        "an empty migration",
        "db/Migration.php",
        "<?php\nclass Late extends Migration\n{\n    public function down()\n    {\n    }\n}\n",
    ),
    (
        "an open hook",
        "src/main/kotlin/Base.kt",
        "abstract class Base {\n    open fun onStart() {}\n    open fun name(): String? = null\n}\n",
    ),
    (
        "a coder that is not used",
        "Sources/View.swift",
        'final class View: UIView {\n    required init?(coder: NSCoder) {\n        fatalError("init(coder:) has not been implemented")\n    }\n}\n',
    ),
    (
        "a protocol with a default",
        "Sources/Visit.swift",
        "protocol Visit {\n    func visit(_ node: Node)\n}\nextension Visit {\n    func visit(_ node: Node) {}\n}\n",
    ),
    ("a cleanup that does nothing", "bin/run.sh", "cleanup() {\n  :\n}\ntrap cleanup EXIT\n"),
    (
        "test doubles",
        "net/conn_test.go",
        'package net\n\ntype mockConn struct{}\n\nfunc (m *mockConn) Read(b []byte) (int, error) { panic("not implemented") }\n',
    ),
    (
        "a double in a test",
        "src/test/kotlin/Fake.kt",
        "class FakeChain : Chain {\n    override fun proceed(request: Request): Response = TODO()\n}\n",
    ),
    ("documentation", "docs/guide.md", "Write your code here:\n\n    def total(lines):\n        pass\n"),
    (
        "a cache that keeps nothing",
        "NullCache.java",
        "/** A cache that never keeps anything. */\nfinal class NullCache implements Cache {\n    @Override\n    public String load(String key) {\n        return null;\n    }\n\n    @Override\n    public void save(String key, String value) {\n    }\n}\n",
    ),
    (
        "a check that is done elsewhere",
        "a.go",
        "package a\n\n// Validate accepts everything: orders are checked by the server since 2.0.\nfunc (o *Order) Validate(all bool) error {\n\treturn nil\n}\n",
    ),
    ("a text made of what it takes", "a.py", 'def format_name(user):\n    return f"<{user}>"\n'),
    (
        "a text made of what it takes, in a template",
        "a.ts",
        "export function formatName(user: string) {\n  return `<${user}>`;\n}\n",
    ),
    (
        "a sink that drops all",
        "a.go",
        "package a\n\ntype discard struct{}\n\nfunc (discard) Load(id string) (*Order, error) { return nil, ErrNotFound }\nfunc (discard) Save(o *Order) error           { return nil }\n",
    ),
    (
        "a default of a protocol",
        "D.swift",
        "protocol Loading {\n    func loadItems(from url: URL) -> [Item]?\n}\n\nextension Loading {\n    func loadItems(from url: URL) -> [Item]? { nil }\n}\n",
    ),
    (
        "samples for a preview",
        "D.swift",
        "struct PreviewStore: Store {\n    func fetchOrders(for id: Int) -> [Order] {\n        [Order(id: 1)]\n    }\n}\n",
    ),
]

HONEST_PAIRS = [
    (
        "a hook beside another of the same kind",
        "src/Link.php",
        "<?php\nclass Link\n{\n    protected function isDoubleError(Fault $fault)\n    {\n        return false;\n    }\n}\n",
        "<?php\nclass Link\n{\n    protected function isDoubleError(Fault $fault)\n    {\n        return false;\n    }\n\n    /**\n     * Parse which columns were double.\n     */\n    protected function parseDoubleError(Fault $fault): array\n    {\n        return ['columns' => []];\n    }\n}\n",
    ),
    (
        "work that is asked of a parent called as a log is",
        "src/log-inl.h",
        "void own::logger::dump_all_()\n{\n    if (kept_) {\n        auto found = kept_->all(name());\n        found.write_to(sink_);\n    }\n}\n",
        "void own::logger::dump_all_()\n{\n    base::logger::dump_all_();\n}\n",
    ),
    (
        "an unnamed object came that refuses beside the one that works",
        "src/Makers.java",
        "class Makers {\n    Maker of(Kind kind) {\n        return new Maker() {\n            @Override public Item make() {\n                Item item = shelf.take(kind);\n                item.label(kind.name());\n                return item;\n            }\n        };\n    }\n}\n",
        "class Makers {\n    Maker of(Kind kind) {\n        if (open) {\n          return new Maker() {\n              @Override public Item make() {\n                Item taken = shelf.take(kind);\n                taken.label(kind.name());\n                return taken;\n              }\n          };\n        } else {\n        return new Maker() {\n            @Override public Item make() {\n                throw new ShutException(reason);\n            }\n        };\n        }\n    }\n}\n",
    ),
    (
        "a new value of a type that has a default now",
        "src/names.rs",
        "impl Names {\n    fn new() -> Names {\n        Names(Map::with_hasher(Quick::build()))\n    }\n}\n",
        "impl Names {\n    fn new() -> Names {\n        Names(quick::Map::default())\n    }\n}\n",
    ),
    (
        "a field's function that has nothing to call any more",
        "src/run.ts",
        "export function run(items: Item[]) {\n  const folder = open(items);\n  if (!items.length) {\n    return {\n      cancel: async () => remove(),\n      result: none(folder),\n    };\n  }\n  return work(items);\n}\n",
        "export function run(items: Item[]) {\n  if (!items.length) {\n    return {\n      result: none(),\n      cancel: async () => {},\n    };\n  }\n  return work(items);\n}\n",
    ),
    *[
        (
            "the work went for a reason",
            path,
            head + work + tail,
            head + f"{indent}{mark} {reason}\n{indent}{value}" + tail,
        )
        for path, head, tail, work, indent, mark, value in (
            (*SHAPES["python"], "    ", "#", "return 0"),
            (*SHAPES["typescript"], "    ", "//", "return 0;"),
            (*SHAPES["java"], "        ", "//", "return null;"),
        )
        for reason in (
            "computed by the database",
            "checked by the schema",
            "inlined into the caller",
            "replaced by the event bus",
            "this was removed in 4.0",
            "generated at build time",
            "delegated to the router",
            "on purpose",
        )
    ],
    (
        "a constructor has nothing to set any more",
        "src/View.php",
        "<?php\nclass View {\n    function __construct() {\n        $this->data = array();\n    }\n}\n",
        "<?php\nclass View {\n    function __construct() {}\n}\n",
    ),
    (
        "a fake in a test does less",
        "tests/test_shop.py",
        "class Shop:\n    def rows(self):\n        return load(self.path, 3)\n",
        "class Shop:\n    def rows(self):\n        return []\n",
    ),
    (
        "the work moved to another function",
        "a/p.py",
        "def total(lines):\n    amount = 0\n    for line in lines:\n        amount += line.price * line.count\n    log.debug(amount)\n    return amount\n",
        "def total(lines):\n    return None\n\n\ndef total_of(lines):\n    amount = 0\n    for line in lines:\n        amount += line.price * line.count\n    log.debug(amount)\n    return amount\n",
    ),
    (
        "the work is shorter now",
        "a/p.py",
        "def total(lines):\n    amount = 0\n    for line in lines:\n        amount += line.price\n    return amount\n",
        "def total(lines):\n    return sum(line.price for line in lines)\n",
    ),
    (
        "a stub became work",
        "a/p.py",
        "def total(lines):\n    raise NotImplementedError\n",
        "def total(lines):\n    return sum(line.price for line in lines)\n",
    ),
    ("a stub stayed a stub", "a/p.py", "def total(lines):\n    pass\n", "def total(lines):\n    return None\n"),
    (
        "the stub was there before",
        "a/p.py",
        "def total(lines):\n    # TODO: implement\n    pass\n\n\nA = 1\n",
        "def total(lines):\n    # TODO: implement\n    pass\n\n\nA = 2\n",
    ),
    (
        "a function went away",
        "a/p.py",
        "def total(lines):\n    return sum(lines)\n\n\ndef other():\n    return 1\n",
        "def other():\n    return 1\n",
    ),
    (
        "nothing is left to do, and it says so",
        "a/p.py",
        "def close(self):\n    self.pool.drain()\n    self.pool.close()\n",
        "def close(self):\n    # The pool closes itself: nothing to do, kept for compatibility.\n    pass\n",
    ),
    (
        "it became abstract",
        "a/p.py",
        "class Store:\n    def load(self, key):\n        data = self.read(key)\n        return decode(data)\n",
        "class Store(ABC):\n    @abstractmethod\n    def load(self, key):\n        raise NotImplementedError\n",
    ),
    (
        "it became a one-liner that calls",
        "src/p.js",
        "function total(lines) {\n  let a = 0;\n  lines.forEach((l) => { a += l.price; });\n  return a;\n}\n",
        "function total(lines) {\n  return sum(lines);\n}\n",
    ),
    (
        "a flag is always on",
        "src/p.js",
        "function isNew() {\n  return settings.get('new');\n}\n",
        "function isNew() {\n  return true;\n}\n",
    ),
    (
        "a constant changed",
        "src/p.ts",
        "function limit(): number {\n  return 10;\n}\n",
        "function limit(): number {\n  return 20;\n}\n",
    ),
    (
        "the class sets its fields by itself",
        "src/P.php",
        "<?php\nclass P\n{\n    public $a;\n    public function __construct($a)\n    {\n        $this->a = $a;\n    }\n}\n",
        "<?php\nclass P\n{\n    public function __construct(public $a)\n    {\n    }\n}\n",
    ),
    (
        "fields are set by initialisers",
        "src/p.cpp",
        "P::P(int a) {\n    a_ = a;\n    b_ = a + 1;\n}\n",
        "P::P(int a) : a_(a), b_(a + 1) {}\n",
    ),
    (
        "parameters became fields",
        "src/p.ts",
        "class P {\n  a: number;\n  constructor(a: number) {\n    this.a = a;\n  }\n}\n",
        "class P {\n  constructor(private a: number) {}\n}\n",
    ),
    (
        "a method was renamed",
        "src/main/java/P.java",
        "class P {\n    int sum(int a, int b) {\n        check(a);\n        return a + b;\n    }\n}\n",
        "class P {\n    int total(int a, int b) {\n        check(a);\n        return a + b;\n    }\n}\n",
    ),
    (
        "the error has another message",
        "src/main/java/P.java",
        'class P {\n    void set(int a) {\n        throw new UnsupportedOperationException("read-only");\n    }\n}\n',
        "class P {\n    void set(int a) {\n        throw new UnsupportedOperationException();\n    }\n}\n",
    ),
    (
        "an error is passed on",
        "p/p.go",
        "package p\n\nfunc f(a int) error {\n\tif a > 0 {\n\t\tlog.Print(a)\n\t\treturn g(a)\n\t}\n\treturn nil\n}\n",
        "package p\n\nfunc f(a int) error {\n\tif a > 0 {\n\t\treturn g(a)\n\t}\n\treturn nil\n}\n",
    ),
    (
        "the body is an expression now",
        "src/main/kotlin/P.kt",
        "fun total(lines: List<Line>): Int {\n    return lines.sumOf { it.price }\n}\n",
        "fun total(lines: List<Line>) = lines.sumOf { it.price }\n",
    ),
    (
        "a closure is a method reference",
        "src/p.rs",
        "fn f(v: Vec<u8>) -> Vec<String> {\n    v.iter().map(|x| {\n        x.to_string()\n    }).collect()\n}\n",
        "fn f(v: Vec<u8>) -> Vec<String> {\n    v.iter().map(u8::to_string).collect()\n}\n",
    ),
    (
        "an accessor by macro",
        "lib/p.rb",
        "class P\n  def a\n    @a\n  end\n\n  def run\n    go(a)\n  end\nend\n",
        "class P\n  attr_reader :a\n\n  def run\n    go(a)\n  end\nend\n",
    ),
    (
        "a note on what is there",
        "lib/p.rb",
        "def run(a)\n  go(a)\nend\n",
        "def run(a)\n  # TODO: say what went wrong\n  go(a)\nend\n",
    ),
    (
        "a message was dropped from a handler",
        "src/p.js",
        "try {\n  go();\n} catch (e) {\n  log(e);\n}\n",
        "try {\n  go();\n} catch (e) {\n  // ignored: the file may be gone\n}\n",
    ),
    (
        "a property is automatic",
        "Shop/P.cs",
        "class P\n{\n    private int _a;\n    public int A { get { return _a; } set { _a = value; } }\n}\n",
        "class P\n{\n    public int A { get; set; }\n}\n",
    ),
    (
        "it is written in another way",
        "bin/p.sh",
        "build() {\n  make clean\n  make all\n}\n",
        "build() {\n  make clean all\n}\n",
    ),
    (
        "a default value went into the type",
        "Sources/P.swift",
        "struct P {\n    var a: Int\n    init() {\n        a = 1\n    }\n}\n",
        "struct P {\n    var a = 1\n    init() {}\n}\n",
    ),
    (
        "the code is off on this system",
        "src/p.c",
        "int f(int a) {\n    return g(a) + 1;\n}\n",
        "#ifdef HAVE_G\nint f(int a) {\n    return g(a) + 1;\n}\n#else\nint f(int a) {\n    (void)a;\n    return -1;\n}\n#endif\n",
    ),
    (
        "a format became an f-string",
        "a.py",
        "class A:\n    def __repr__(self):\n        return '<lookup \\'%s\\'>' % (self.name)\n",
        "class A:\n    def __repr__(self):\n        return f\"<lookup '{self.name}'>\"\n",
    ),
    (
        "the answer has a name now",
        "a.ts",
        "function limit(user: User) {\n  const plan = plans.get(user.plan);\n  const extra = user.extra ?? 0;\n  return plan.limit + extra;\n}\n",
        "function limit(_user: User) {\n  return DEFAULT_LIMIT;\n}\n",
    ),
    (
        "the answer is fixed, with the reason",
        "a.py",
        "def can_fork(host):\n    version = host.version()\n    kernel = host.kernel()\n    return version > 3 and kernel.forks(version)\n",
        "def can_fork(host):\n    # Every host that is still supported can, since 4.0.\n    return True\n",
    ),
    (
        "the members own themselves",
        "a.cpp",
        "Foo::~Foo() {\n  release(a_);\n  release(b_);\n  drop(c_);\n}\n",
        "// The members own themselves now.\nFoo::~Foo() {}\n",
    ),
    (
        "a function moved to a package, and a comment says so",
        "A.java",
        "class A {\n    void write(W w, List<E> all) {\n        w.begin(); // TODO: better policy here?\n        for (E e : all) w.put(e);\n        w.end();\n    }\n}\n",
        "class A {\n    // write lives in the shared package.\n}\n",
    ),
    (
        "lines were made comments until a model is there",
        "a.py",
        "MODELS = [\n    Model(one),\n    Model(two),\n    Model(three),\n]\n",
        "MODELS = [\n    Model(one),\n    # TODO: restore these after the model is trained.\n    # Model(two),\n    # Model(three),\n]\n",
    ),
    (
        "deprecated, and the docstring says so",
        "a.py",
        "class A:\n    def warm(self):\n        for key in os.listdir(self.root):\n            self.read(key)\n            self.count(key)\n",
        "class A:\n    def warm(self):\n        '''Deprecated: the cache is filled lazily.'''\n",
    ),
    (
        "not allowed any more, and the error says why",
        "a.py",
        "class A:\n    def warm(self):\n        for key in os.listdir(self.root):\n            self.read(key)\n            self.count(key)\n",
        "class A:\n    def warm(self):\n        raise PermissionError('the repository is read-only')\n",
    ),
    (
        "a flag that is on for all",
        "a.ts",
        "export function useNewEditor(user: User): boolean {\n  const flag = flags.get('new');\n  if (flag === undefined) return false;\n  return flag.includes(user.id);\n}\n",
        "// Rolled out to everyone in May; callers go away one by one.\nexport function useNewEditor(_user: User): boolean {\n  return true;\n}\n",
    ),
]

BLOCKS = [
    (
        "src/p.js",
        "function f(items) {\n  for (const item of items) {\n    item.check();\n    store.save(item, now());\n  }\n  return items;\n}\n",
        "function f(items) {\n  for (const item of items) {\n    // TODO: implement\n  }\n  return items;\n}\n",
    ),
    (
        "a/p.py",
        "def f(items):\n    for item in items:\n        item.check()\n        store.save(item, now())\n    return items\n",
        "def f(items):\n    for item in items:\n        pass\n    return items\n",
    ),
    (
        "a/p.py",
        "def f(items):\n    kept = [i for i in items if i.good]\n    store.save(kept)\n    mail.send(kept)\n    return kept\n",
        "def f(items):\n    kept = [i for i in items if i.good]\n    # TODO: implement the rest\n    return kept\n",
    ),
    (
        "src/P.java",
        "class P {\n    void f(int a) {\n        if (a > 0) {\n            store.save(a);\n            mail.send(a);\n        }\n        done();\n    }\n}\n",
        "class P {\n    void f(int a) {\n        if (a > 0) {\n            // add your logic here\n        }\n        done();\n    }\n}\n",
    ),
    (
        "q/p.sql",
        "begin;\nupdate line set price = 0;\ndelete from orders where id = 1;\ncommit;\n",
        "begin;\n-- TODO: implement\ncommit;\n",
    ),
    (
        "p/p.go",
        "package p\n\nfunc f(a int) {\n\tif a > 0 {\n\t\tsave(a)\n\t\tsend(a, now())\n\t}\n\tdone()\n}\n",
        "package p\n\nfunc f(a int) {\n\tif a > 0 {\n\t}\n\tdone()\n}\n",
    ),
]


def _examples() -> Iterator[Example]:
    for language, stubs in STUBS.items():
        path, head, tail, work = SHAPES[language]
        for stub in stubs:
            yield Example(f"a body became {stub.strip()!r}", path, head + work + tail, head + stub + tail, caught=True)
        yield Example("a body was written", path, head + stubs[0] + tail, head + work + tail, caught=False)
        yield Example("a new body", path, None, head + work + tail, caught=False)
    for path, text in NEW_STUBS:
        yield Example("a new function that does nothing", path, None, text, caught=True)
    for path, before, after in BLOCKS:
        yield Example("a part of a body was emptied", path, before, after, caught=True)
    for about, path, text in HONEST_NEW:
        yield Example(about, path, None, text, caught=False)
    for about, path, before, after in HONEST_PAIRS:
        yield Example(about, path, before, after, caught=False)


EXAMPLES = tuple(_examples())
