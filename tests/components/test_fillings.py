"""The form's fillings: what belongs to an older one neither undoes a newer one nor stays on the page."""

from components.fillings import Fillings, Mark


def shown(page: str, filling: str) -> str:
    """The mark of a page on which this filling has arrived."""
    return f"{page} {filling}"


def kept(fillings: Fillings, mark: str) -> bool:
    found: list[bool] = []
    fillings.keep(mark, lambda: found.append(True))
    return bool(found)


def test_what_was_typed_before_the_newest_filling_is_not_kept() -> None:
    fillings = Fillings()
    assert kept(fillings, "") and kept(fillings, "a  3")  # before the form was ever filled
    first = fillings.begin("a  0")
    assert not kept(fillings, "a  3")
    assert kept(fillings, shown("a", first))
    fillings.begin("a  3")  # asked for before the first had arrived
    assert not kept(fillings, shown("a", first))


def test_a_page_that_shows_an_older_filling_is_filled_once_more() -> None:
    fillings = Fillings()
    first = fillings.begin("a  0")
    preset = fillings.begin("a  3")
    assert fillings.outdated(shown("a", preset)) == ""
    again = Mark.of(fillings.outdated(shown("a", first)))
    assert again.typed == 3  # and what was typed before the preset was chosen is gone with it
    assert fillings.begin(fillings.outdated(shown("a", first))).endswith(" 3")


def test_each_page_counts_for_itself_and_is_forgotten_in_time() -> None:
    fillings = Fillings()
    first = fillings.begin("a  0")
    fillings.begin("b  0")
    assert kept(fillings, shown("a", first))
    for number in range(1000):
        fillings.begin(f"page{number}  0")
    assert "a" not in fillings.newest and len(fillings.newest) == 1000
    assert kept(fillings, shown("a", first))  # as by one that was never filled
