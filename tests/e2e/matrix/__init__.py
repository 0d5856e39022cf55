"""The matrix: every way in, each kind of provider behind it, each format, asked of one real router over real sockets."""
