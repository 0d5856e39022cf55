"""HTTP/1.1 as a client speaks it, for requests that carry media: connections of our own over a parser that is kept.

`Direct` is a `Wire` (router/contract/wire.py). What the bytes of an answer mean is decided by llhttp, the parser of
Node.js, by way of httptools; connections, their pool, the limits and what is refused are here.
"""
