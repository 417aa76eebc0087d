"""Every read model there is."""

from projector.model import ReadModel
from projector.read_models import stock_level

READ_MODELS: tuple[ReadModel, ...] = (stock_level.MODEL,)
