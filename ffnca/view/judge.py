"""How what is shown is doing: its chart, and whether something that learns has grown or gone astray."""

from ffnca.view.chart import Chart
from ffnca.view.session import Session
from ffnca.view.study import Study

REGROWN_AFTER = 200
"""Steps after which a creature that is still learning starts again, unless it is right."""
RIGHT_MSE, HOPELESS_MSE = 0.02, 1.5
GROWN_MSE = 0.5
"""Relative MSE under which something has grown, and the target need not be shown any more."""


class Judge:
    """Charts a session, and starts it again when what is being learned went astray.

    Attributes:
        chart: Of the last vitals.
        grown: Whether something has grown since learning began.
    """

    def __init__(self, session: Session) -> None:
        """Begin to measure."""
        self.chart, self.grown = Chart(), False
        self._measured = session.vitals()

    def look(self, session: Session, study: Study) -> None:
        """Chart what was measured last time and measure again."""
        measured, self._measured = self._measured, session.vitals()
        vitals = measured()
        if vitals.step > session.step:  # of a time before the restart, or of another world
            return
        self.chart.add(vitals)
        if vitals.error is None or not study.learning or study.learned is None:
            return
        self.grown |= vitals.error < GROWN_MSE
        astray = not vitals.error <= HOPELESS_MSE
        if astray or (vitals.step >= REGROWN_AFTER and vitals.error > RIGHT_MSE):
            session.restart()
