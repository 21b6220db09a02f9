"""Records as a digest, importable by threads, processes and notebooks of the tests."""

import hashlib
import sys

import seissynth

# read once: ObsPy's readers change the warning filters of the process for a moment
INVENTORY, EVENT = seissynth.read_example()


def digest(seed=1):
    """Digest of records with everything on: random terms, noise, response, a crust, counts."""
    options = {"duration": 40.0, "noise": "nlnm", "output": "RAW", "realization": 1, "velocity_model": "iasp91"}
    stream = seissynth.generate(INVENTORY.select(station="[ABC]*"), EVENT, seed=seed, **options)
    return hashlib.sha256(b"".join(trace.id.encode() + trace.data.tobytes() for trace in stream)).hexdigest()


def main():
    """Print the digests of the main thread, of eight threads, and of forked and spawned processes."""
    import multiprocessing
    from concurrent.futures import ThreadPoolExecutor

    print("main", digest())
    with ThreadPoolExecutor(8) as pool:
        for found in pool.map(digest, [1] * 16):
            print("thread", found)
    for method in ("fork", "spawn"):
        if method in multiprocessing.get_all_start_methods():
            with multiprocessing.get_context(method).Pool(2) as pool:
                for found in pool.map(digest, [1, 1]):
                    print(method, found)


if __name__ == "__main__":
    sys.exit(main())
