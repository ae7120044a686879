/*
 * A program that forks while another thread of its asks a server for its list: usb_forks COUNT,
 * with a server named server.example, which is 127.0.0.1. Each child asks, too. Ends with 0; hangs
 * where a fork and a list wait for each other.
 */
#include <libusb.h>
#include <netdb.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define NAME "server.example"

static volatile bool ends;

/* In the C library's place. */
int getaddrinfo(const char *host, const char *port, const struct addrinfo *hints,
                struct addrinfo **all)
{
    struct addrinfo *a = calloc(1, sizeof *a + sizeof(struct sockaddr_in));
    struct sockaddr_in *in = (struct sockaddr_in *)(void *)(a + 1);
    const bool numeric = strcmp(host, "127.0.0.1") == 0;

    if (!a)
        return EAI_MEMORY;
    if (!numeric && (strcmp(host, NAME) != 0 || (hints->ai_flags & AI_NUMERICHOST))) {
        free(a);
        return EAI_NONAME;
    }
    *in = (struct sockaddr_in){.sin_family = AF_INET,
                               .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
                               .sin_port = htons((uint16_t)atoi(port))};
    *a = (struct addrinfo){.ai_family = AF_INET,
                           .ai_socktype = SOCK_STREAM,
                           .ai_addrlen = sizeof *in,
                           .ai_addr = (struct sockaddr *)in};
    *all = a;
    return 0;
}

void freeaddrinfo(struct addrinfo *a)
{
    free(a);
}

static ssize_t count_devices(libusb_context *c)
{
    libusb_device **list;
    ssize_t n = libusb_get_device_list(c, &list);

    if (n >= 0)
        libusb_free_device_list(list, 1);
    return n;
}

static void *ask(void *context)
{
    while (!ends)
        count_devices(context);
    return NULL;
}

/* The child has a context of its own: locks of the core's of the parent's may be taken. */
static int be_child(void)
{
    libusb_context *c;

    alarm(60);
    if (libusb_init(&c) != 0)
        return 1;
    const ssize_t n = count_devices(c);
    libusb_exit(c);
    return n == 1 ? 0 : 2;
}

int main(int argc, char **argv)
{
    libusb_context *c;
    pthread_t thread;
    int result = 0, status = 0;

    if (argc != 2 || libusb_init(&c) != 0 || count_devices(c) != 1 ||
        pthread_create(&thread, NULL, ask, c) != 0)
        return 1;
    for (int i = atoi(argv[1]); i > 0 && result == 0; i--) {
        const pid_t child = fork();

        if (child == 0)
            _exit(0);
        if (child < 0 || waitpid(child, &status, 0) != child || status != 0)
            result = 2;
    }
    ends = true;
    pthread_join(thread, NULL);
    const pid_t child = fork();
    if (child == 0)
        _exit(be_child());
    if (child < 0 || waitpid(child, &status, 0) != child || status != 0)
        result = 3;
    libusb_exit(c);
    return result;
}
