"""Measure how readable the code and the documents are. `make house` runs it; it exits 1 where a budget is exceeded."""

import ast
import re
import sys
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from statistics import median, quantiles

PACKAGES = ("indexes", "rag", "api", "eval")
DOCUMENTS = (Path("README.md"), Path("ARCHITECTURE.md"), *sorted(Path("docs").glob("*.md")))
MOST_ONCE, MOST_LINES, MOST_MODULES, MOST_WORDS, MOST_WORDS_P90 = 0.10, 30, 20, 15, 28

Function = ast.FunctionDef | ast.AsyncFunctionDef


class Module:
    """A Python file, its syntax nodes, and its functions and methods, nested ones too."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.source = path.read_text("utf-8")
        self.nodes = list(ast.walk(ast.parse(self.source)))
        self.functions = [node for node in self.nodes if isinstance(node, Function)]
        self.classes = [node for node in self.nodes if isinstance(node, ast.ClassDef)]
        self.name = ".".join(path.with_suffix("").parts).removesuffix(".__init__")

    def private_once(self) -> list[str]:
        """Return the functions named `_…` that the module uses exactly once."""
        uses = Counter(node.id if isinstance(node, ast.Name) else getattr(node, "attr", "") for node in self.nodes)
        return [f.name for f in self.functions if re.match("_[^_]", f.name) and uses[f.name] == 1]

    def undocumented(self) -> list[str]:
        """Return the public functions and methods without a docstring; one inside a function is not public."""
        members = [m for scope in self.nodes if isinstance(scope, ast.Module | ast.ClassDef) for m in scope.body]
        return [m.name for m in members if isinstance(m, Function) and m.name[0] != "_" and not ast.get_docstring(m)]

    def imports(self) -> set[str]:
        """Return the dotted names that it imports: modules, and members of modules."""
        plain = {alias.name for node in self.nodes if isinstance(node, ast.Import) for alias in node.names}
        froms = [node for node in self.nodes if isinstance(node, ast.ImportFrom)]
        return plain | {str(f.module) for f in froms} | {f"{f.module}.{alias.name}" for f in froms for alias in f.names}


def body_lines(function: Function) -> int:
    """Return how many lines a function's body has, its docstring left out."""
    first = 1 if ast.get_docstring(function) and len(function.body) > 1 else 0
    return (function.end_lineno or 0) - function.body[first].lineno + 1


def circular_folders(modules: list[Module]) -> list[str]:
    """Return the folders that import themselves by way of other folders."""
    folders = {module.name: module.path.parent for module in modules}
    reach: dict[Path, set[Path]] = {folder: set() for folder in folders.values()}
    for module in modules:
        reach[module.path.parent] |= {folders[name] for name in module.imports() & set(folders)} - {module.path.parent}
    for middle in reach:
        for targets in reach.values():
            targets |= reach[middle] if middle in targets else set()
    return [str(folder) for folder, targets in reach.items() if folder in targets]


def sentence_lengths(path: Path) -> list[int]:
    """Return the words of each sentence of a Markdown file: no code or headings; list items and cells stand alone."""
    text = re.sub(r"```.*?```|^#.*?$", "\n\n", path.read_text("utf-8"), flags=re.DOTALL | re.MULTILINE)
    text = re.sub(r"!?\[([^]]*)\]\([^)]*\)", r"\1", text)
    blocks = re.split(r"\n\s*\n|\n\s*(?:[-*]|\d+\.)\s|\|", text)
    lengths = [len(sentence.split()) for block in blocks for sentence in re.split(r"(?<=[.!?:])\s+", block)]
    return [length for length in lengths if length > 2]


def repeats(names: Iterable[str]) -> str:
    """Return how many names occur more than once, and which."""
    often = sorted(name for name, count in Counter(names).items() if count > 1)
    return " ".join([str(len(often)), *often])


def check(label: str, value: str, within: bool = True) -> bool:
    """Print a figure, and a mark where it exceeds its budget; return whether it is within."""
    print(f"{label:<30}{value}{'' if within else '   <- over budget'}")
    return within


def modules_of(*packages: str) -> list[Module]:
    """Return the modules of some packages."""
    return [Module(path) for package in packages for path in sorted(Path(package).rglob("*.py"))]


def share_used_once(modules: Sequence[Module]) -> float:
    """Return the share of functions that are private and used exactly once in their module."""
    return sum(len(module.private_once()) for module in modules) / sum(len(module.functions) for module in modules)


def check_package(package: str) -> bool:
    """Print the figures of a package; return whether it keeps the budgets."""
    modules = modules_of(package)
    named = [module for module in modules if module.path.name != "__init__.py"]
    lengths = [body_lines(function) for module in modules for function in module.functions]
    p95 = quantiles(lengths, n=20)[-1]
    folder, most = Counter(str(module.path.parent) for module in named).most_common(1)[0]
    circles = circular_folders(modules)
    check(f"{package}: lines", f"{sum(len(module.source.splitlines()) for module in modules):,}")
    check("  functions", f"{len(lengths):,}")
    check("  private, used once", f"{share_used_once(modules):.1%}")
    check("  without docstring", str(sum(len(module.undocumented()) for module in modules)))
    check("  repeated class names", repeats(node.name for module in modules for node in module.classes))
    check("  repeated module names", repeats(module.path.stem for module in named))
    budgets = [
        check("  body lines, median / p95", f"{median(lengths):.0f} / {p95:.0f}", p95 <= MOST_LINES),
        check("  largest folder", f"{folder} {most}", most <= MOST_MODULES),
        check("  folders in import circles", " ".join([str(len(circles)), *circles]), not circles),
    ]
    return all(budgets)


def check_document(path: Path) -> bool:
    """Print how long a document's sentences are; return whether they keep the budgets."""
    lengths = sentence_lengths(path)
    middle, p90 = median(lengths), quantiles(lengths, n=10)[-1]
    return check(f"{path}: words", f"{middle:.0f} / {p90:.0f}", middle <= MOST_WORDS and p90 <= MOST_WORDS_P90)


if __name__ == "__main__":
    kept = [*map(check_package, PACKAGES), *map(check_document, DOCUMENTS)]
    once = share_used_once(modules_of(*PACKAGES))
    kept.append(check("all packages: private once", f"{once:.1%}", once <= MOST_ONCE))
    sys.exit(not all(kept))
