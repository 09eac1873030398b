#include "data/sets.h"

#include "data/file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define COUNT_OF(a) (sizeof(a) / sizeof *(a))

static const data_file fashion_mnist[] = {
    {"train-images-idx3-ubyte.gz", "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
     26421880},
    {"train-labels-idx1-ubyte.gz", "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9", 29515},
    {"t10k-images-idx3-ubyte.gz", "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
     4422102},
    {"t10k-labels-idx1-ubyte.gz", "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34", 5148},
};

static const data_file mnist[] = {
    {"train-images-idx3-ubyte.gz", "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
     9912422},
    {"train-labels-idx1-ubyte.gz", "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5", 28881},
    {"t10k-images-idx3-ubyte.gz", "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
     1648877},
    {"t10k-labels-idx1-ubyte.gz", "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2", 4542},
};

static const data_file digits[] = {
    {"digits.csv.gz", "6ebb3d2fee246a4e99363262ddf8a00a3c41bee6014c373ed9d9216ba7f651b8", 57523},
};

const data_set data_sets[] = {
    {"fashion-mnist",
     "70,000 grey 28 x 28 images of 10 kinds of clothing",
     "dataset-fashion-mnist",
     "/usr/share/datasets/fashion-mnist",
     {"http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/"},
     fashion_mnist,
     COUNT_OF(fashion_mnist)},
    {"mnist",
     "70,000 grey 28 x 28 images of handwritten digits",
     NULL,
     NULL,
     {"http://yann.lecun.com/exdb/mnist/", "https://ossci-datasets.s3.amazonaws.com/mnist/"},
     mnist,
     COUNT_OF(mnist)},
    {"digits",
     "1,797 handwritten digits of 8 x 8",
     "python3-sklearn",
     "/usr/lib/python3/dist-packages/sklearn/datasets/data",
     {"https://raw.githubusercontent.com/scikit-learn/scikit-learn/1.2.1/sklearn/datasets/data/"},
     digits,
     COUNT_OF(digits)},
};
const size_t data_set_count = COUNT_OF(data_sets);

const data_set *data_set_named(const char *name)
{
    for (size_t i = 0; i < data_set_count; i++) {
        const char *a = name, *b = data_sets[i].name;
        while (*a && (*a == *b || (*a == '_' && *b == '-')))
            a++, b++;
        if (!*a && !*b)
            return &data_sets[i];
    }
    return NULL;
}

int data_folders(char folders[DATA_FOLDERS][DATA_PATH])
{
    int n = 0;
    const char *data = getenv("ASSAY_DATA"), *home = getenv("HOME");
    if (data && *data)
        n += snprintf(folders[n], DATA_PATH, "%s", data) < DATA_PATH;
    if (home && *home)
        n += snprintf(folders[n], DATA_PATH, "%s/.cache/assay", home) < DATA_PATH;
    return n + (snprintf(folders[n], DATA_PATH, "/usr/share/datasets") < DATA_PATH);
}

const char *data_folders_text(char folders[DATA_FOLDERS][DATA_PATH], int n, char *text, size_t room)
{
    size_t used = 0;
    text[0] = 0;
    for (int i = 0; i < n && used < room; i++)
        used += (size_t)snprintf(text + used, room - used, "%s%s", i ? ", " : "", folders[i]);
    return text;
}

bool data_locate(const char *set, const char *file, char path[DATA_PATH])
{
    char folders[DATA_FOLDERS][DATA_PATH];
    int n = data_folders(folders);
    for (int i = 0; i < n; i++)
        if (snprintf(path, DATA_PATH, "%s/%s/%s", folders[i], set, file) < DATA_PATH &&
            access(path, R_OK) == 0)
            return true;
    return false;
}

bool data_verify(const char *path, const data_file *file, as_error *e)
{
    size_t size;
    file_origin origin;
    char found[HASH_TEXT];
    unsigned char *bytes = file_read(path, &size, &origin, e);
    if (!bytes)
        return false;
    hash_bytes(bytes, size, found);
    free(bytes);
    return strcmp(found, file->sha256) == 0 ||
           error_set(e, "%s: SHA-256 of its content is %s, expected %s: damaged, or another file", path,
                     found, file->sha256);
}
