"""Matrix programs to begin with."""

EXAMPLES = {
    "Newton's iteration for the inverse": (
        "# Newton's iteration for the inverse\nA: 4x4\nstart X = A' / norm(A)^2\nrepeat 12:\n"
        "    X = X*(2*I - A*X)\nreturn X\ntarget inv(A)\n"
    ),
    "The same, for a symmetric matrix": (
        "A: 4x4 symmetric\nstart X = A / norm(A)^2\nrepeat 12:\n    X = X*(2*I - A*X)\n"
        "return X\ntarget inv(A)\n"
    ),
    "An iteration of order 3": (
        "A: 4x4\nstart X = A' / norm(A)^2\nrepeat 8:\n    R = stored(I - A*X)\n"
        "    X = X + X*R + X*R^2\nreturn X\ntarget inv(A)\n"
    ),
    "Pseudo-inverse of a tall matrix": (
        "A: 6x3\nstart X = A' / norm(A)^2\nrepeat 12:\n    X = X*(2*I - A*X)\n"
        "return X\ntarget pinv(A)\n"
    ),
    "Gradient descent for least squares": (
        "A: 6x3\ny: 6x1\nstart B = A / norm(A)\nstart z = y / norm(A)\nstart x = 0*A'*y\n"
        "repeat 32:\n    x = x + 1.8*B'*(z - B*x)\nreturn x\ntarget pinv(A)*y\n"
    ),
    "Matrix sign by Newton-Schulz": (
        "A: 4x4 symmetric\nstart X = A / norm(A)\nrepeat 16:\n    X = 1.5*X - 0.5*X^3\nreturn X\n"
    ),
    "Parts of a product, by ReLUs": (
        "A: 3x4\nB: 4x3\nP = relu(A*B)\nN = relu(-A*B)\nreturn P - N'\n"
    ),
}
"""Programs to begin with."""

FIRST_PROGRAM = next(iter(EXAMPLES.values()))
"""What the page begins with."""
