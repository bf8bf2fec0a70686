"""From a prompt to a category, colours and materials: word knowledge without a neural network at run time.

`lexicon` holds the words, `palette` the colours and materials, `framing`, `grammar` and `surfaces` take
a prompt apart, `matching` and `parts` find the category and its parts, `reading` puts it together;
`captions` compares whole captions.
"""

from sds3d.words.captions import similarity
from sds3d.words.reading import Reading, read

__all__ = ["Reading", "read", "similarity"]
