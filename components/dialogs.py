"""Questions that stand in front of the page until they are answered. The browser opens and fills them (assets/js)."""

from components.html import escape

# The answer comes as an event of the part: {run, what}. Nothing comes when it was closed or answered with "".
ON_DECIDED = """
const dialog = element.querySelector('dialog');
dialog.addEventListener('close', () => {
  if (dialog.returnValue) trigger('decided', { run: dialog.dataset.run, what: dialog.returnValue });
});
"""


def question(name: str, title: str, *answers: tuple[str, str, str]) -> str:
    """A dialog with the elements NAME-title and NAME-text. answers: (value, last part of its id, words) of each.

    The first answer changes nothing: its value is "", and it has the focus. The last one takes something away.
    """
    first, *between, last = answers
    kinds = {first: ' class="ts-primary" autofocus', last: ' class="ts-stop"'}
    buttons = "".join(
        f'<button type="submit" value="{answer[0]}" id="{name}-{answer[1]}"{kinds.get(answer, "")}>'
        f"{escape(answer[2])}</button>"
        for answer in (first, *between, last)
    )
    return (
        f'<dialog aria-labelledby="{name}-title" aria-describedby="{name}-text"><form method="dialog">'
        f'<h2 id="{name}-title">{escape(title)}</h2><p id="{name}-text"></p>'
        f'<div class="ts-answers">{buttons}</div></form></dialog>'
    )
