"""How the demo tells what it sees, and where it stops: at the first thing that is not as promised."""


class Different(Exception):
    """Something is not as promised."""


def expect(what: str, expected: object, found: object) -> None:
    if expected != found:
        raise Different(f"{what}:\n  expected {expected}\n  found    {found}")


def say(what: str) -> None:
    print(f"    {what}", flush=True)


def table(head: tuple[str, ...], rows: list[tuple[str, ...]]) -> None:
    widths = [max(len(row[at]) for row in (head, *rows)) for at in range(len(head))]
    for row in (head, tuple("-" * width for width in widths), *rows):
        print("  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip())
