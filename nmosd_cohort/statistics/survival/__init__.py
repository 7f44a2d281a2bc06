"""Time to an event, with competing and recurrent events."""
