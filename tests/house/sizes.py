"""The size budget. Lines are counted as a reader meets them: docstrings, comments and blank lines included."""

import ast
from collections.abc import Iterator

from tests.house.tree import Source

MODULE = 300
FUNCTION = 50
MOST = 25
MOST_SHARE = 0.95
NESTING = 3
PARAMETERS = 5

Function = ast.FunctionDef | ast.AsyncFunctionDef
BLOCKS = (ast.If, ast.For, ast.AsyncFor, ast.While, ast.With, ast.AsyncWith, ast.Try, ast.TryStar, ast.Match)


def functions(source: Source) -> Iterator[Function]:
    return (node for node in ast.walk(source.tree) if isinstance(node, Function))


def lines(function: Function) -> int:
    return (function.end_lineno or function.lineno) - function.lineno + 1


def long_modules(source: Source) -> Iterator[str]:
    count = len(source.text.splitlines())
    if count > MODULE:
        yield f"{source.path}: {count} lines, at most {MODULE}"


def long_functions(source: Source) -> Iterator[str]:
    for function in functions(source):
        if lines(function) > FUNCTION:
            yield f"{source.at(function)} {function.name}: {lines(function)} lines, at most {FUNCTION}"


def long_tail(sources: tuple[Source, ...]) -> Iterator[str]:
    """Complain if too many functions are longer than most should be, naming them longest first."""
    every = [(lines(function), source.at(function)) for source in sources for function in functions(source)]
    above = sorted((one for one in every if one[0] > MOST), reverse=True)
    if len(above) > len(every) * (1 - MOST_SHARE):
        yield f"{len(above)} of {len(every)} functions are longer than {MOST} lines"
        yield from (f"{where}: {count} lines" for count, where in above)


def deep_functions(source: Source) -> Iterator[str]:
    for function in functions(source):
        depth = nesting(function.body)
        if depth > NESTING:
            yield f"{source.at(function)} {function.name}: nested {depth} deep, at most {NESTING}"


def nesting(body: list[ast.stmt]) -> int:
    """Return how many blocks deep the statements go; a function inside a function starts anew."""
    return max((depth(statement) for statement in body), default=0)


def depth(statement: ast.stmt) -> int:
    if not isinstance(statement, BLOCKS):
        return 0
    return 1 + max((nesting(body) for body in bodies(statement)), default=0)


def bodies(block: ast.stmt) -> Iterator[list[ast.stmt]]:
    """Yield the bodies of a block's branches; an `elif` is a branch of its `if`, not a block inside it."""
    for name in ("body", "orelse", "finalbody"):
        body = getattr(block, name, [])
        if name == "orelse" and isinstance(block, ast.If) and is_elif(block, body):
            yield from bodies(body[0])
        else:
            yield body
    for arm in (*getattr(block, "handlers", ()), *getattr(block, "cases", ())):
        yield arm.body


def is_elif(block: ast.If, body: list[ast.stmt]) -> bool:
    return len(body) == 1 and isinstance(body[0], ast.If) and body[0].col_offset == block.col_offset


def many_parameters(source: Source) -> Iterator[str]:
    for function in functions(source):
        names = [name for name in parameters(function.args) if name not in {"self", "cls"}]
        if len(names) > PARAMETERS:
            yield f"{source.at(function)} {function.name}: {len(names)} parameters, at most {PARAMETERS}"


def parameters(arguments: ast.arguments) -> Iterator[str]:
    starred = [one for one in (arguments.vararg, arguments.kwarg) if one is not None]
    for one in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs, *starred):
        yield one.arg
