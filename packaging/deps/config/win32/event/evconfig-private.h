/* libevent's own, of its configure; nothing of it is needed here. */
