"""Changes that make a program or its tests say less than they did, and honest changes like them, for LOGIC_ERROR."""

# ruff: noqa: E501 -- a case is one line where it can be, so that the table can be read as one

from cockpit.quality.rule import Example


def _pair(about: str, path: str, before: str, after: str, caught: bool = True) -> Example:
    return Example(about, path, before, after, caught)


def _both(path: str, frame: str, *cases: tuple[str, str, bool]) -> list[Example]:
    """Return a case for each pair of what stands in a frame before and after."""
    return [
        Example(f"{path}: {a!r} → {b!r}", path, frame.replace("@", a), frame.replace("@", b), caught)
        for a, b, caught in cases
    ]


_PY_TEST = "import shop\n\n\ndef test_total():\n    order = shop.Order([3, 4])\n    @\n\n\ndef test_empty():\n    assert shop.Order([]).total() == 0\n"
_JS_TEST = "import { total } from './shop';\n\ndescribe('shop', () => {\n  it('adds', () => {\n    const sum = total([3, 4]);\n    @\n  });\n  it('starts at 0', () => {\n    expect(total([])).toBe(0);\n  });\n});\n"
_JAVA_TEST = "class ShopTest {\n    @Test\n    void adds() {\n        int sum = Shop.total(3, 4);\n        §\n    }\n\n    @Test\n    void startsAtZero() {\n        assertEquals(0, Shop.total());\n    }\n}\n".replace(
    "@Test", "#Test"
)
_GO_TEST = 'package shop\n\nimport "testing"\n\nfunc TestTotal(t *testing.T) {\n\tsum := Total(3, 4)\n\t@\n}\n'
_RB_TEST = "describe Shop do\n  it 'adds' do\n    sum = Shop.total(3, 4)\n    @\n  end\nend\n"
_PHP_TEST = "<?php\nclass ShopTest extends TestCase {\n    public function testAdds() {\n        $sum = Shop::total(3, 4);\n        @\n    }\n}\n"
_RS_TEST = "#[test]\nfn adds() {\n    let sum = total(&[3, 4]);\n    @\n}\n"
_SWIFT_TEST = (
    "class ShopTests: XCTestCase {\n    func testAdds() {\n        let sum = total(3, 4)\n        @\n    }\n}\n"
)
_CS_TEST = "public class ShopTests {\n    [Fact]\n    public void Adds() {\n        var sum = Shop.Total(3, 4);\n        @\n    }\n}\n"
_CPP_TEST = "TEST(Shop, Adds) {\n    int sum = total(3, 4);\n    @\n}\n"

_PY = "def first(rows, user):\n    found = None\n    @\n        found = rows[0]\n    return found\n"
_JS = "function first(rows, user) {\n  let found = null;\n  @ {\n    found = rows[0];\n  }\n  return found;\n}\n"

EXAMPLES: list[Example] = [
    *_both(
        "tests/test_shop.py",
        _PY_TEST,
        ("assert order.total() == 7", "assert True", True),
        ("assert order.total() == 7", "assert 1 == 1", True),
        ("assert order.total() == 7", "assert order.total() == 7 or True", True),
        ("assert order.total() == 7", "pass", True),
        ("assert order.total() == 7", "order.total", True),
        ("assert order.total() == 7", "assert order.total() == 8", False),
        ("assert order.total() == 7", "assert order.sum == 7", False),
        ("assert order.total() == 7", "check_total(order, 7)", False),
        ("assert order.total() == 7\n    assert order.size == 2", "assert order.total() == 7", False),
    ),
    *_both(
        "tests/test_shop.py",
        "import pytest\n\n\n@def test_total():\n    assert total([3, 4]) == 7\n",
        ("", "@pytest.mark.skip\n", True),
        ("", "@pytest.mark.skip()\n", True),
        ("", '@pytest.mark.skip(reason="needs the new store, see 41")\n', False),
        ("", '@pytest.mark.parametrize("n", [1])\n', False),
    ),
    *_both(
        "src/shop.test.js",
        _JS_TEST,
        ("expect(sum).toBe(7);", "expect(true).toBe(true);", True),
        ("expect(sum).toBe(7);", "expect(1).toEqual(1);", True),
        ("expect(sum).toBe(7);", "expect(true).toBeTruthy();", True),
        ("expect(sum).toBe(7);", "", True),
        ("expect(sum).toBe(7);", "expect(sum).toEqual(7);", False),
        ("expect(sum).toBe(7);", "expectSum(sum, 7);", False),
    ),
    *_both(
        "src/shop.test.ts",
        "@('adds', () => {\n  expect(total([3, 4])).toBe(7);\n});\n",
        ("it", "it.skip", True),
        ("it", "xit", True),
        ("test", "test.skip", True),
        ("it.skip", "it", False),
        ("it", "test", False),
    ),
    *[
        Example(
            one.about,
            one.path,
            (one.before or "").replace("#Test", "@Test"),
            one.after.replace("#Test", "@Test"),
            one.caught,
        )
        for one in _both(
            "src/test/java/ShopTest.java",
            _JAVA_TEST.replace("§", "@"),
            ("assertEquals(7, sum);", "assertTrue(true);", True),
            ("assertEquals(7, sum);", "assertEquals(sum, sum);", True),
            ("assertEquals(7, sum);", "", True),
            ("assertEquals(7, sum);", "assertThat(sum).isEqualTo(7);", False),
        )
    ],
    *_both(
        "pkg/shop_test.go",
        _GO_TEST,
        ('if sum != 7 {\n\t\tt.Errorf("sum is %d", sum)\n\t}', "_ = sum", True),
        ("assert.Equal(t, 7, sum)", "assert.True(t, true)", True),
        ("assert.Equal(t, 7, sum)", "require.Equal(t, 7, sum)", False),
    ),
    *_both(
        "spec/shop_spec.rb",
        _RB_TEST,
        ("expect(sum).to eq(7)", "expect(true).to be(true)", True),
        ("expect(sum).to eq(7)", "", True),
        ("expect(sum).to eq(7)", "expect(sum).to be == 7", False),
    ),
    *_both(
        "tests/ShopTest.php",
        _PHP_TEST,
        ("$this->assertSame(7, $sum);", "$this->assertTrue(true);", True),
        ("$this->assertSame(7, $sum);", "$this->assertEquals(7, $sum);", False),
    ),
    *_both(
        "tests/shop.rs",
        _RS_TEST,
        ("assert_eq!(sum, 7);", "assert!(true);", True),
        ("assert_eq!(sum, 7);", "assert_eq!(sum, sum);", True),
        ("assert_eq!(sum, 7);", "", True),
        ("assert_eq!(sum, 7);", "assert!(sum == 7);", False),
    ),
    *_both(
        "Tests/ShopTests.swift",
        _SWIFT_TEST,
        ("XCTAssertEqual(sum, 7)", "XCTAssertTrue(true)", True),
        ("XCTAssertEqual(sum, 7)", 'XCTAssertEqual(sum, 7, "sum")', False),
    ),
    *_both(
        "test/ShopTests.cs",
        _CS_TEST,
        ("Assert.Equal(7, sum);", "Assert.True(true);", True),
        ("Assert.Equal(7, sum);", "", True),
        ("Assert.Equal(7, sum);", "Assert.Equal(7, (int)sum);", False),
    ),
    *_both(
        "test/shop_test.cpp",
        _CPP_TEST,
        ("EXPECT_EQ(sum, 7);", "EXPECT_TRUE(true);", True),
        ("EXPECT_EQ(sum, 7);", "ASSERT_EQ(sum, 7);", False),
    ),
    *_both(
        "shop/first.py",
        _PY,
        ("if rows and user.active:", "if True:", True),
        ("if rows and user.active:", "if True or rows and user.active:", True),
        ("if rows and user.active:", "if rows and user.active or True:", True),
        ("if rows and user.active:", "if rows and user.active and False:", True),
        ("if rows is not None and rows.size:", "if rows is not None or rows.size:", True),
        ("if rows is None or rows.size == 0:", "if rows is None and rows.size == 0:", True),
        ("if len(rows) > 0:", "if len(rows) >= 0:", True),
        ("if rows and user.active:", "if rows:", False),
        ("if len(rows) > 1:", "if len(rows) >= 1:", False),
        ("if rows is not None and rows.size:", "if rows is not None and len(rows):", False),
        ("if user.age > 18:", "if user.age >= 18:", False),
        ("if user is None or user.old:", "if user is not None and user.old:", False),
    ),
    *_both(
        "src/first.js",
        _JS,
        ("if (rows.length && user.active)", "if (true)", True),
        ("if (rows.length && user.active)", "if (false && rows.length)", True),
        ("if (rows !== null && rows.length)", "if (rows !== null || rows.length)", True),
        ("if (rows.length > 0)", "if (rows.length >= 0)", True),
        ("for (let i = 0; i < rows.length; i++)", "for (let i = 0; i <= rows.length; i++)", True),
        ("for (let i = 0; i <= last; i++)", "for (let i = 0; i < last; i++)", False),
        ("for (let i = 1; i < rows.length; i++)", "for (let i = 1; i <= rows.length; i++)", False),
        ("if (rows.length > 1)", "if (rows.length >= 1)", False),
        ("if (rows.length)", "while (true)", False),
        ("if (rows.length && user.active)", "if (rows.length || user.active)", False),
    ),
    _pair(
        "a new try around what was there",
        "shop/load.py",
        "def load(path):\n    rows = read(path)\n    return rows\n",
        "def load(path):\n    rows = []\n    try:\n        rows = read(path)\n    except Exception:\n        pass\n    return rows\n",
    ),
    _pair(
        "a handler that told of it",
        "shop/load.py",
        "def load(path):\n    try:\n        return read(path)\n    except Exception as error:\n        log.error(error)\n        raise\n",
        "def load(path):\n    try:\n        return read(path)\n    except Exception as error:\n        pass\n",
    ),
    _pair(
        "a bare handler",
        "shop/load.py",
        "def load(path):\n    try:\n        return read(path)\n    except OSError as error:\n        raise Missing(path) from error\n",
        "def load(path):\n    try:\n        return read(path)\n    except:\n        pass\n",
    ),
    _pair(
        "an empty catch",
        "src/load.js",
        "function load(path) {\n  const rows = read(path);\n  show(rows);\n}\n",
        "function load(path) {\n  try {\n  const rows = read(path);\n  show(rows);\n  } catch (e) {\n  }\n}\n",
    ),
    _pair(
        "an empty catch where it was thrown on",
        "src/Load.java",
        "class Load {\n    void load() {\n        try {\n            read();\n        } catch (Exception e) {\n            throw new IllegalStateException(e);\n        }\n    }\n}\n",
        "class Load {\n    void load() {\n        try {\n            read();\n        } catch (Exception e) {\n        }\n    }\n}\n",
    ),
    _pair(
        "a rescue that says nothing",
        "lib/load.rb",
        "def load(path)\n  begin\n    read(path)\n  rescue => error\n    logger.error(error)\n    raise\n  end\nend\n",
        "def load(path)\n  begin\n    read(path)\n  rescue => error\n    nil\n  end\nend\n",
    ),
    _pair(
        "an error that is handed on where there is none",
        "pkg/load.go",
        "package shop\n\nfunc Load() error {\n\terr := read()\n\tif err != nil {\n\t\treturn err\n\t}\n\treturn nil\n}\n",
        "package shop\n\nfunc Load() error {\n\terr := read()\n\tif err == nil {\n\t\treturn err\n\t}\n\treturn nil\n}\n",
    ),
    _pair(
        "most assertions deleted",
        "tests/test_shop.py",
        "def test_a():\n    x = one()\n    assert x.a == 1\n    assert x.b == 2\n    assert x.c == 3\n",
        "def test_a():\n    x = one()\n    assert x.a == 1\n",
    ),
    _pair(
        "a test deleted: only a whole change tells whether its code stays",
        "tests/test_shop.py",
        "def test_a():\n    assert one() == 1\n\n\ndef test_b():\n    assert two() == 2\n",
        "def test_a():\n    assert one() == 1\n",
        caught=False,
    ),
    _pair(
        "a test deleted with what it tested",
        "src/shop.rs",
        "fn one() -> i32 {\n    1\n}\n\nfn two() -> i32 {\n    2\n}\n\n#[test]\nfn a() {\n    assert_eq!(one(), 1);\n}\n\n#[test]\nfn b() {\n    assert_eq!(two(), 2);\n}\n",
        "fn one() -> i32 {\n    1\n}\n\n#[test]\nfn a() {\n    assert_eq!(one(), 1);\n}\n",
        caught=False,
    ),
    _pair(
        "a handler of one kind of error that nobody names",
        "src/Load.cs",
        "class A {\n    void Load() {\n        Read();\n    }\n}\n",
        "class A {\n    void Load() {\n        try {\n            Read();\n        } catch (OutOfRangeException) {\n        }\n    }\n}\n",
        caught=False,
    ),
    _pair(
        "a handler that says why it does nothing",
        "src/load.js",
        "function load() {\n  read();\n}\n",
        "function load() {\n  try {\n    read();\n  } catch (e) {\n    // the caller asks again after a minute\n  }\n}\n",
        caught=False,
    ),
    _pair(
        "a handler that only says that it does nothing",
        "src/load.js",
        "function load() {\n  read();\n}\n",
        "function load() {\n  try {\n    read();\n  } catch (e) {\n    // ignore the error\n  }\n}\n",
    ),
    _pair(
        "what ends an object swallows",
        "src/Pool.php",
        "<?php\nclass Pool {\n    function __destruct() {\n        $this->close();\n    }\n}\n",
        "<?php\nclass Pool {\n    function __destruct() {\n        try {\n            $this->close();\n        } catch (\\Exception $e) {\n            // do nothing\n        }\n    }\n}\n",
        caught=False,
    ),
    _pair(
        "a narrow handler",
        "shop/load.py",
        "def load(path):\n    os.remove(path)\n",
        "def load(path):\n    try:\n        os.remove(path)\n    except FileNotFoundError:\n        pass\n",
        caught=False,
    ),
    _pair(
        "a handler that tells of it",
        "shop/load.py",
        "def load(path):\n    rows = read(path)\n    return rows\n",
        "def load(path):\n    try:\n        rows = read(path)\n    except Exception:\n        log.exception('cannot read')\n        raise\n    return rows\n",
        caught=False,
    ),
    _pair(
        "a new function with a handler of its own",
        "shop/load.py",
        "A = 1\n",
        "A = 1\n\n\ndef close(handle):\n    try:\n        handle.close()\n    except Exception:\n        pass\n",
        caught=False,
    ),
    _pair(
        "a handler taken away",
        "shop/load.py",
        "def load(path):\n    try:\n        rows = read(path)\n    except Exception:\n        pass\n    return rows\n",
        "def load(path):\n    rows = read(path)\n    return rows\n",
        caught=False,
    ),
    _pair(
        "a test that moved",
        "tests/test_shop.py",
        "def test_a():\n    assert one() == 1\n\n\ndef test_b():\n    assert two() == 2\n",
        "def test_b():\n    assert two() == 2\n\n\ndef test_a():\n    assert one() == 1\n",
        caught=False,
    ),
    _pair(
        "a test that got another name",
        "tests/test_shop.py",
        "def test_a():\n    assert one() == 1\n",
        "def test_one_is_one():\n    assert one() == 1\n",
        caught=False,
    ),
    _pair(
        "a test that raises now",
        "tests/test_shop.py",
        "def test_a():\n    assert one() == 1\n",
        "def test_a():\n    with pytest.raises(ValueError):\n        one()\n",
        caught=False,
    ),
    _pair(
        "an early return of a loop",
        "src/pump.c",
        "int pump(void) {\n    while (ready) {\n        step();\n    }\n    return 0;\n}\n",
        "int pump(void) {\n    while (1) {\n        if (!ready) break;\n        step();\n    }\n    return 0;\n}\n",
        caught=False,
    ),
]
