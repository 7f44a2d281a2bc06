"""Models of a mean, a yes-or-no outcome and a rate, and what can be said from them."""
