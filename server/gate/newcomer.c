#include "newcomer.h"

#include "crowd.h"
#include "stream.h"

void newcomer_close(struct newcomer *n)
{
    if (!n->stream)
        return;
    stream_close(n->stream);
    n->stream = NULL;
    crowd_leave(n->place);
    buf_free(&n->first);
}
