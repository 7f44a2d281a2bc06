"""What the models share: designs, likelihood, Newton steps, profiles, separation and standardisation."""
