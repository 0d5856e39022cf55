"""media-router: one internal endpoint for speech, transcription and talking heads."""
