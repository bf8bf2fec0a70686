import pytest

from sds3d.priors.hub import embeddings


@pytest.fixture(autouse=True)
def no_embeddings_of_others(tmp_path_factory, monkeypatch):
    """Embeddings are kept in a folder of the test's own."""
    folder = tmp_path_factory.mktemp("embeddings")
    monkeypatch.setattr(embeddings, "folder", lambda: folder)
    return folder
