"""“Save a report”: what somebody who helps needs to know of a run, with secrets and data left out."""

from studio.training.report.pack import CONTENTS, LEFT_OUT, save_report

__all__ = ["CONTENTS", "LEFT_OUT", "save_report"]
