"""Who and when: a Registry becomes analysis frames, one row a patient unless a docstring says otherwise."""
