"""The array that pictures, activations and filters are, named once."""

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float32]
