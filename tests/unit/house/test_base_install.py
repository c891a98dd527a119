"""The base install stays small and free of what belongs in an extra."""

from __future__ import annotations

import pytest

from bench import install_size


@pytest.fixture(scope="module")
def packages() -> dict[str, float]:
    return {name: install_size.size_mb(package) for name, package in install_size.base_packages().items()}


def test_the_base_install_with_all_its_dependencies_is_under_500_mb(packages: dict[str, float]) -> None:
    largest = sorted(packages.items(), key=lambda item: -item[1])[:8]

    assert "duckdb" in packages
    assert sum(packages.values()) < 500, largest


def test_the_base_install_brings_no_torch_and_no_jvm(packages: dict[str, float]) -> None:
    assert not {"torch", "transformers", "sentence-transformers", "pyspark", "ray"} & set(packages)
