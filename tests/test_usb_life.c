/* The life of URBs, by random inputs: see usb_life.h and random_runs.h. */
#include "usb_life.h"

#include "random_runs.h"

int main(int argc, char **argv)
{
    return random_runs(argc, argv, usb_life_run);
}
