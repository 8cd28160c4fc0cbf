"""Health checks: one file for each kind of trouble, with what finds it and what mends it side by side."""

from studio.datasets.health import (
    boilerplate,
    chat_marks,
    contradictions,
    control_characters,
    echoes,
    empty_replies,
    encoding,
    exact_copies,
    insults,
    labels_case,
    labels_doubtful,
    labels_misspelt,
    labels_rare,
    labels_uneven,
    languages,
    leaks,
    markdown,
    markup,
    near_copies,
    personal_data,
    short_replies,
    too_few,
    too_long,
    turns,
)

# The order in which they look and mend: texts first, because mended texts may turn out to be copies; then what is
# left out for itself; then what is judged beside other rows.
CHECKS = [
    module.CHECK
    for module in (
        encoding,
        control_characters,
        chat_marks,
        markup,
        markdown,
        personal_data,
        boilerplate,
        empty_replies,
        short_replies,
        echoes,
        turns,
        insults,
        languages,
        labels_case,
        labels_misspelt,
        exact_copies,
        near_copies,
        contradictions,
        labels_doubtful,
        labels_rare,
        labels_uneven,
        too_long,
        leaks,
        too_few,
    )
]
