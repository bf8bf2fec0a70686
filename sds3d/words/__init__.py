"""From a prompt to a category, colours and materials: word knowledge without a neural network at run time.

`lexicon` holds the words, `palette` the colours and materials, `surfaces` and `grammar` take a prompt apart,
`matching` finds the category, `reading` puts it together.
"""

from sds3d.words.lexicon import similarity
from sds3d.words.reading import Reading, read

__all__ = ["Reading", "read", "similarity"]
