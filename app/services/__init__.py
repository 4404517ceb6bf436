"""What views of the API and of pages share: access, stored versions, verification, bodies."""
