"""The shared work plan, inspections, projects, a member pair."""
