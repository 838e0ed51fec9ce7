"""What the documents name is there."""

import re
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]
DOCUMENTS = [REPOSITORY / "README.md", *sorted((REPOSITORY / "docs").glob("*.md"))]
FUNCTIONS = sorted(each.name for each in (REPOSITORY / "functions").iterdir())


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda each: each.name)
def test_what_a_document_links_to_exists_and_holds_the_test_that_is_named(document):
    for text, target in re.findall(r"\[([^\]]+)\]\(([^)#]+)[^)]*\)", document.read_text()):
        if "://" in target:
            continue
        file = (document.parent / target).resolve()
        assert file.exists(), f"{document.name} links to {target}"
        test = re.fullmatch(r"`([a-z][0-9a-z]*_\w+)`", text)
        if test and file.is_file():
            assert re.search(rf"\b(fn|def) {test[1]}\b", file.read_text()), f"{target} has no {test[1]}"


@pytest.mark.parametrize("function", FUNCTIONS)
def test_e00i_every_function_has_tests_of_its_own(function):
    files = (REPOSITORY / "functions" / function / "tests").rglob("*.rs")
    assert sum(file.read_text().count("test]\n") for file in files) >= 3


@pytest.mark.parametrize("function", FUNCTIONS)
def test_every_function_is_in_the_readme_and_has_sample_events(function):
    assert f"| `{function}` |" in (REPOSITORY / "README.md").read_text()
    assert list((REPOSITORY / "events").glob(f"{function}-*.json"))
