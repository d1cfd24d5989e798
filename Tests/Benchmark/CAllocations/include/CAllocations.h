// Counts what a process asks of the allocator: an executable that links this has its own malloc.
#pragma once

/// How many blocks have been asked for since the process began, by any thread; a block that grows counts again.
unsigned long portcullis_allocations(void);
