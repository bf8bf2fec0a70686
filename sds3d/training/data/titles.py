"""Words in the titles of third-party models that do not describe them; renamed.txt has whole titles."""

SIZES = {"small", "large", "little", "big", "old", "modern", "new", "low", "high", "tall", "long"}
SIZES |= {"double", "triple", "quadruple", "single", "clear", "seats", "panes", "pane", "zones"}

# pattern of a plain title -> name
RULES = (
    (r".*\btype [a-g] plug|wall( double)? socket", "wall socket"),
    (r".*\bantenna plug", "antenna socket"),
    (r".*\brj45 plug", "network socket"),
    (r".*\bswitch", "light switch"),
    (r".*\b(arched|double hung|turn|sliding|double) window\b.*|.*\bfrench window\b.*", "window"),
    (r"(double|exterior|glass)? ?door( with panes)?", "door"),
    (r"bill \d+.*", "banknote"),
    (r"concept sedan.*", "sedan"),
    (r"frame .*", "picture frame"),
    (r"sofa \d seats|.*\bsofa bz", "sofa"),
    (r"parking slot.*|arrow .*|pedestrian crossing|rails", "road marking"),
    (r"induction cooker.*", "induction hob"),
)

# names in WordNet that are offensive, or do not describe what these models show
EXCLUDED = {
    "queer",
    "fag",
    "faggot",
    "crapper",
    "home plate",
    "home base",
    "gun barrel",
    "turtleneck",
}
EXCLUDED |= {
    "talker",
    "baseball glove",
    "marine museum",
    "privy",
    "john",
    "grillroom",
    "hulk",
    "earth",
}
EXCLUDED |= {"computer keyboard", "banana tree", "data processor", "true cat", "true pine", "chips"}
EXCLUDED |= {
    "domestic dog",
    "adult male",
    "adult female",
    "swimming bath",
    "king of beasts",
    "miss",
}
EXCLUDED |= {"fairy bluebird", "football", "rider", "control", "stand", "holder", "maker", "goal"}
EXCLUDED |= {"player", "tower", "sign", "press", "toilet table", "wax light", "toad", "ice bear"}
EXCLUDED |= {"die", "swine", "stone", "passenger vehicle", "photographic camera", "kitchen range"}
EXCLUDED |= {"emergency", "pot", "staff of life", "lounge", "bike", "rosebush", "cattle", "shades"}
