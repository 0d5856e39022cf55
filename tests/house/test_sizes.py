from collections.abc import Callable, Iterator

import pytest

from tests.house import sizes
from tests.house.tree import Source, sample, sources

Rule = Callable[[Source], Iterator[str]]

OURS = sources("router", "plugins")
RULES: tuple[Rule, ...] = (sizes.long_modules, sizes.long_functions, sizes.deep_functions, sizes.many_parameters)

DEEP = """
def f(a):
    for b in a:
        with b:
            if b:
                while b:
                    b()
"""
LADDER = """
async def f(a):
    if a == 1:
        pass
    elif a == 2:
        pass
    elif a == 3:
        pass
    elif a == 4:
        pass
    else:
        def g():
            try:
                pass
            except ValueError:
                match a:
                    case 1:
                        pass
"""
ELSE_IF = """
def f(a):
    if a:
        pass
    else:
        if a:
            pass
        else:
            if a:
                pass
            else:
                if a:
                    pass
"""


def body(count: int) -> str:
    return "def f():\n" + "    pass\n" * (count - 1)


@pytest.mark.parametrize("rule", RULES)
def test_the_code_keeps_the_budget(rule: Rule) -> None:
    """Every module, function, nesting and parameter list of router/ and plugins/ is within the budget."""
    complaints = [complaint for source in OURS for complaint in rule(source)]
    assert not complaints, "\n".join(complaints)


def test_most_functions_are_short() -> None:
    """At least 95 % of the functions of router/ and plugins/ have at most 25 lines."""
    complaints = list(sizes.long_tail(OURS))
    assert not complaints, "\n".join(complaints)


@pytest.mark.parametrize(
    ("rule", "kept", "broken"),
    [
        (sizes.long_modules, "\n" * 300, "\n" * 301),
        (sizes.long_functions, body(50), body(51)),
        (sizes.deep_functions, LADDER, DEEP),
        (sizes.deep_functions, "def f(): pass", ELSE_IF),
        (sizes.many_parameters, "def f(self, a, b, /, c, *, d, e): pass", "def f(a, *b, c, d, e, **g): pass"),
    ],
)
def test_the_rule_can_fail(rule: Rule, kept: str, broken: str) -> None:
    """Each rule lets the largest allowed sample pass and complains once about the smallest forbidden one."""
    assert list(rule(sample(kept))) == []
    assert len(list(rule(sample(broken)))) == 1


def test_the_long_tail_can_fail() -> None:
    """One long function in twenty is allowed, two are not, and the longest is named first."""
    short, long, longer = sample(body(25)), sample(body(26), "long.py"), sample(body(27), "longer.py")
    assert list(sizes.long_tail((*[short] * 19, long))) == []
    assert list(sizes.long_tail((*[short] * 18, long, longer)))[1:] == ["longer.py:1: 27 lines", "long.py:1: 26 lines"]
