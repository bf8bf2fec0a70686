"""From a prompt to a category, colours and materials: word knowledge without a neural network at run time.

`lexicon` holds the words, `palette` the colours and materials, `framing`, `grammar` and `surfaces` parse
a prompt, `matching` and `part_names` find the category and its parts, `reading` combines the results;
`captions` compares whole captions.
"""
