"""The lab: measures ranking and confidence on public question sets, with the models the service ships."""
