"""What is passed on as it is and still counted: sounds, images, moderations, and whatever else a provider offers."""
